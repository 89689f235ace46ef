"""Fills an index in the background for rows that older versions wrote."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from microkit.background import periodically

# During a rolling update old processes go on writing rows without the index.
_AGAIN_SECONDS: Final = 600.0
_SHARE: Final = 0.1  # of the time that chunks may take: requests come first


async def fill(index: str, chunk: Callable[[], Awaitable[bool]]) -> None:
    """Call `chunk` until it returns that there is nothing more; then again, until cancelled.

    `index` is what the log calls it. After each chunk there is a pause of nine times its duration:
    millions of rows take hours, in which requests are answered as before.
    """
    loop = asyncio.get_running_loop()

    async def step() -> float:
        began = loop.time()
        more = await chunk()
        return (loop.time() - began) * (1 / _SHARE - 1) if more else _AGAIN_SECONDS

    await periodically(f"index of {index}", step, _AGAIN_SECONDS)
