"""Fills an index in the background for rows that older versions wrote."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from microkit.errors import Error

_log = logging.getLogger(__name__)

# During a rolling update old processes go on writing rows without the index.
_AGAIN_SECONDS: Final = 600.0
_SHARE: Final = 0.1  # of the time that chunks may take: requests come first


async def fill(index: str, chunk: Callable[[], Awaitable[bool]]) -> None:
    """Call `chunk` until it returns that there is nothing more; then again, until cancelled.

    `index` is what the log calls it. After each chunk there is a pause of nine times its duration:
    millions of rows take hours, in which requests are answered as before.
    """
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        try:
            more = await chunk()
        except Error as error:
            _log.warning("index of %s: %s; trying again later", index, error.message)
            more = False
        pause = (loop.time() - began) * (1 / _SHARE - 1)
        await asyncio.sleep(pause if more else _AGAIN_SECONDS)
