"""Follows, friends and messages."""

from microkit.service import Service

SERVICE = Service(
    "relationservice", "relationmicro", 10002, stores=("redis",), commands=("recount",)
)
