"""Limits of unsent bytes: how many wait for slow readers in total, and for how long."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

_log = logging.getLogger(__name__)
_MIN_BYTES_PER_SECOND: Final = 4 << 10


class Unsent:
    """Tracks connections whose write buffer is full, and aborts them above its limits.

    Args:
        limit: unsent bytes on all connections; above it the largest backlog is dropped.
        seconds: a peer that reads less than 4 KiB/s for this long by `clock` is dropped.
    """

    def __init__(
        self, limit: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._limit = limit
        self._seconds = seconds
        # Start of the current period of `seconds`, and the unsent bytes at that time.
        self._full: dict[asyncio.WriteTransport, tuple[float, int]] = {}

    def on_write_paused(self, transport: asyncio.WriteTransport) -> None:
        """Track a slow reader; above the total limit the largest backlog is dropped."""
        self._full[transport] = self._clock(), transport.get_write_buffer_size()
        if sum(each.get_write_buffer_size() for each in self._full) > self._limit:
            largest = max(self._full, key=lambda each: each.get_write_buffer_size())
            size = largest.get_write_buffer_size()
            _log.warning("connection aborted: %d unsent bytes, over the total limit", size)
            self._abort(largest)

    def on_write_resumed(self, transport: asyncio.WriteTransport | None) -> None:
        """Stop tracking a connection that has caught up or is closed."""
        if transport is not None:
            self._full.pop(transport, None)

    def check(self) -> None:
        """Abort connections whose peer reads too slowly; to be called about once a second."""
        now, aborted, bytes_unsent = self._clock(), 0, 0
        for transport, (since, before) in tuple(self._full.items()):
            size = transport.get_write_buffer_size()
            if size > before or before - size >= self._seconds * _MIN_BYTES_PER_SECOND:
                self._full[transport] = now, size
            elif since < now - self._seconds:
                self._abort(transport)
                aborted, bytes_unsent = aborted + 1, bytes_unsent + size
        if aborted:
            _log.info("%d slow readers aborted: %d unsent bytes", aborted, bytes_unsent)

    def _abort(self, transport: asyncio.WriteTransport) -> None:
        self._full.pop(transport, None)
        transport.abort()
