"""Likes: who likes which video, and how many."""

import idl
from favoritemicro.settings import Settings
from microkit.service import Service

SERVICE = Service(
    *idl.service("favoritemicro"),
    settings=Settings,
    peers=idl.ports("videomicro"),
    commands=("recount",),
)
