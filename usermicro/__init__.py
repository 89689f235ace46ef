"""Accounts: profiles and passwords."""

import idl
from microkit.service import Service
from usermicro.settings import Settings

SERVICE = Service(
    *idl.service("usermicro"),
    settings=Settings,
    peers=idl.ports("videomicro", "relationmicro", "favoritemicro"),
    commands=("recount",),
)
