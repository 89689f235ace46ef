"""Likes: who likes which video, and how many."""

from microkit.service import Service

SERVICE = Service(
    "favoriteservice", "favoritemicro", 10003, stores=("redis",), commands=("recount",)
)
