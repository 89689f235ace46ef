"""Follows, friends and messages."""

import idl
from microkit.service import Service
from relationmicro.settings import Settings

SERVICE = Service(
    *idl.service("relationmicro"),
    settings=Settings,
    peers=idl.ports("usermicro"),
    commands=("recount", "copy"),
)
