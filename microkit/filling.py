"""Fills an index in the background for rows that older versions wrote."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from microkit.errors import Error

_log = logging.getLogger(__name__)

# During a rolling update old processes go on writing rows without the index.
_AGAIN_SECONDS: Final = 600.0
_PAUSE_SECONDS: Final = 0.02  # between chunks: requests come first


async def fill(chunk: Callable[[], Awaitable[bool]]) -> None:
    """Call `chunk` until it returns that there is nothing more; then again, until cancelled."""
    while True:
        try:
            more = await chunk()
        except Error as error:
            _log.warning("index: %s; will be continued", error.message)
            more = False
        await asyncio.sleep(_PAUSE_SECONDS if more else _AGAIN_SECONDS)
