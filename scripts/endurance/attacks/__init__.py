"""Attacks on a running system, each a coroutine that goes on until it is cancelled."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from scripts.endurance.attacks import http, thrift, uploads
from scripts.endurance.attacks.target import Target


async def _none(_: Target) -> None:
    await asyncio.Event().wait()


ATTACKS: Final[Mapping[str, Callable[[Target], Awaitable[None]]]] = {
    "none": _none,  # for comparison
    **http.ATTACKS,
    **uploads.ATTACKS,
    **thrift.ATTACKS,
}
"""All attacks by name."""
