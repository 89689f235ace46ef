"""Likes and their counts."""

import idl
from favoritemicro.settings import Settings
from microkit.service import Service

SERVICE = Service(
    *idl.service("favoritemicro"),
    settings=Settings,
    peers=idl.ports("videomicro"),
    commands=("recount", "copy"),
)
