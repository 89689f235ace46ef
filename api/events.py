"""Server-sent events: one connection per visible page, which hears that something has changed.

An event has no content. The page asks for what it shows, and so gets exactly what it may see. A
page that was disconnected looks again when it is connected: nothing has to be replayed.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple

from aiohttp import web

from api.notices import Notices
from microkit.errors import Overloaded
from microkit.saturation import Usage, track

_HEADERS: Final = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would keep events back
    "X-Content-Type-Options": "nosniff",
}
_CHANGED: Final = b"event: changed\ndata: \n\n"
_HEARTBEAT: Final = b": still here\n\n"
_HEARTBEAT_SECONDS: Final = 15.0
_APART_SECONDS: Final = 0.25  # events of one page: a busy chat is shown a few times a second


class NoRoom(Overloaded):
    """Too many pages are connected: HTTP 503, so that a browser tries again later."""

    default = "连接的页面太多，请稍后再试"


class Live(NamedTuple):
    """What tells open pages of changes, and the pages."""

    notices: Notices
    events: "Events"


class Events:
    """The connected pages, bounded in all and for each account.

    Args:
        notices: says what has changed.
        limit: connections in all.
        per_account: connections of one account.
        heartbeat_seconds: between two signs of life, and two checks of a page's token.
    """

    def __init__(
        self,
        notices: Notices,
        limit: int,
        per_account: int,
        heartbeat_seconds: float = _HEARTBEAT_SECONDS,
    ) -> None:
        self._notices = notices
        self._limit = limit
        self._per_account = per_account
        self._heartbeat_seconds = heartbeat_seconds
        self._open: Counter[int] = Counter()
        self._stopping = asyncio.Event()
        track(self, "admission", "events", Events._usage)

    def _usage(self) -> Usage:
        return Usage(self._open.total(), 0, self._limit)

    def stop(self) -> None:
        """End all streams, and refuse new ones: the process stops."""
        self._stopping.set()
        self._notices.wake_all()

    async def stream(
        self, account: int, request: web.Request, is_valid: Callable[[], bool]
    ) -> web.StreamResponse:
        """Send events until the page leaves, its token ends or the process stops.

        Raises:
            NoRoom: too many pages are connected.
        """
        full = self._open.total() >= self._limit or self._open[account] >= self._per_account
        if full or self._stopping.is_set():
            raise NoRoom
        self._open[account] += 1
        event = self._notices.listen(account)
        try:
            response = web.StreamResponse(headers=_HEADERS)
            response.force_close()
            await response.prepare(request)
            await response.write(_CHANGED)  # what was missed until now
            while is_valid():
                text = await self._next(event)
                if self._stopping.is_set():
                    break
                await response.write(text)
            return response
        finally:
            self._notices.forget(account, event)
            self._open[account] -= 1
            if not self._open[account]:
                del self._open[account]

    async def _next(self, event: asyncio.Event) -> bytes:
        """Wait for the next thing to send."""
        try:
            async with asyncio.timeout(self._heartbeat_seconds):
                await event.wait()
        except TimeoutError:
            return _HEARTBEAT
        if not self._stopping.is_set():
            await asyncio.sleep(_APART_SECONDS)
        event.clear()
        return _CHANGED
