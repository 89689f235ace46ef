"""Comments on videos."""

import idl
from commentmicro.settings import Settings
from microkit.service import Service

SERVICE = Service(
    *idl.service("commentmicro"),
    settings=Settings,
    peers=idl.ports("usermicro", "videomicro"),
    commands=("recount",),
)
