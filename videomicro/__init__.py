"""Published videos and the feed."""

import idl
from microkit.service import Service
from videomicro.settings import Settings

SERVICE = Service(
    *idl.service("videomicro"),
    settings=Settings,
)
