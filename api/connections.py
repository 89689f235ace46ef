"""Limits of HTTP connections: how many there are, how long they are silent, what they leave unread.

A connection waits for a request, then is busy until the response is handed to the kernel. Only one
that waits may be closed to make room for another.
"""

import asyncio
import json
import logging
import resource
import time
from dataclasses import dataclass
from typing import Final

from aiohttp.web_protocol import RequestHandler

from api.settings import Settings
from microkit.errors import Overloaded

_log = logging.getLogger(__name__)
_SWEEP_SECONDS: Final = 1.0
_LOG_SECONDS: Final = 10.0
# What the process needs besides: listeners, pools to services and stores, pipes, a margin.
_OWN_DESCRIPTORS: Final = 256
# A connection may hold a file open: one that is served or one that is received.
_DESCRIPTORS_EACH: Final = 2
_LEAST_CONNECTIONS: Final = 16
_LEAST_BYTES_PER_SECOND: Final = 4 << 10
_EVICTABLE_SECONDS: Final = 1.0
_REFUSALS: Final = 64
_REFUSAL_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server allows.

    Args:
        connections: how many may be open.
        header_seconds: from the first byte of a request (of a connection: from its start) to the
            end of its headers.
        keepalive_seconds: from a response to the next request.
        send_seconds: a client that reads less than 4 KiB/s for so long is cut off.
        unsent_bytes: how much may wait on all connections together for clients that do not read.
    """

    connections: int = 4096
    header_seconds: float = 15.0
    keepalive_seconds: float = 75.0
    send_seconds: float = 30.0
    unsent_bytes: int = 128 << 20

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """Return the limits of the settings, with connections below the descriptor limit."""
        return cls(
            _with_descriptors(settings.api_max_connections),
            settings.api_header_seconds,
            settings.api_keepalive_seconds,
            settings.api_send_seconds,
            settings.api_max_unsent_mib << 20,
        )


def _with_descriptors(wanted: int) -> int:
    """Return how many connections there are descriptors for; the soft limit is raised if need be.

    The hard limit stays: an operator who set it meant it.
    """
    needed = wanted * _DESCRIPTORS_EACH + _OWN_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        raised = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, raised), hard))
        soft = max(soft, raised)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    found = max(_LEAST_CONNECTIONS, (soft - _OWN_DESCRIPTORS) // _DESCRIPTORS_EACH)
    _log.warning("API_MAX_CONNECTIONS=%d: %d, the descriptor limit is %d", wanted, found, soft)
    return found


class Connections:
    """The open connections of one server, held to `limits`."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: set[RequestHandler] = set()
        self._waiting: dict[RequestHandler, float] = {}  # since when; the longest first
        self._in_header: dict[RequestHandler, float] = {}
        self._unread: dict[RequestHandler, tuple[float, int]] = {}  # since when, bytes then
        self._refused = 0
        self._logged = -_LOG_SECONDS
        self._refusals: set[Refusal] = set()
        self._sweeper = asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._sweep)

    def close(self) -> None:
        """Stop watching."""
        self._sweeper.cancel()

    def refusal(self) -> "Refusal | None":
        """Return None if there is room for one more connection, else the protocol that refuses it.

        The connection that has waited longest is closed for it, if it has for a second.
        """
        if len(self._open) < self._limits.connections:
            return None
        now = time.monotonic()
        longest = next(iter(self._waiting), None)
        if longest is not None and self._waiting[longest] < now - _EVICTABLE_SECONDS:
            self.remove(longest)
            longest.force_close()
            self._report(now, "closed one that waited")
            return None
        self._report(now, "refused one")
        return Refusal(self._refusals)

    def add(self, connection: RequestHandler) -> None:
        """Count a connection; its first request has to come soon."""
        self._open.add(connection)
        self._in_header[connection] = self._waiting[connection] = time.monotonic()

    def remove(self, connection: RequestHandler) -> None:
        """Forget a connection that is closed."""
        self._open.discard(connection)
        self.busy(connection)
        self._unread.pop(connection, None)

    def receives(self, connection: RequestHandler) -> None:
        """Note that bytes have come; if it waits, they begin a request."""
        if connection in self._waiting:
            self._in_header.setdefault(connection, time.monotonic())

    def busy(self, connection: RequestHandler) -> None:
        """Note that the headers of a request are complete."""
        self._waiting.pop(connection, None)
        self._in_header.pop(connection, None)

    def waits(self, connection: RequestHandler) -> None:
        """Note that a response has been sent."""
        if connection in self._open:
            self._waiting[connection] = time.monotonic()

    def stalls(self, connection: RequestHandler) -> None:
        """Note that a client reads more slowly than it is sent to."""
        if connection in self._open:
            self._unread[connection] = time.monotonic(), _unsent(connection)
        if sum(map(_unsent, self._unread)) > self._limits.unsent_bytes:
            largest = max(self._unread, key=_unsent)
            _log.warning("closed a connection: %d bytes were not read there", _unsent(largest))
            self._abort(largest)

    def resumes(self, connection: RequestHandler) -> None:
        """Note that a client has read what it was sent."""
        self._unread.pop(connection, None)

    def _report(self, now: float, what: str) -> None:
        self._refused += 1
        if now - self._logged >= _LOG_SECONDS:
            _log.warning(
                "%d HTTP connections, the limit: %s (%d since the last line)",
                len(self._open), what, self._refused,
            )  # fmt: skip
            self._refused, self._logged = 0, now

    def _sweep(self) -> None:
        now = time.monotonic()
        late = now - self._limits.header_seconds
        for connection in [each for each, since in self._in_header.items() if since < late]:
            _log.debug("closed a connection: its headers did not come in time")
            self.remove(connection)
            connection.force_close()
        for connection in tuple(self._unread):
            self._watch(connection, now)
        loop = asyncio.get_running_loop()
        self._sweeper = loop.call_later(_SWEEP_SECONDS, self._sweep)

    def _watch(self, connection: RequestHandler, now: float) -> None:
        """Cut off a client that has read too little for too long."""
        since, before = self._unread[connection]
        unsent = _unsent(connection)
        enough = self._limits.send_seconds * _LEAST_BYTES_PER_SECOND
        if unsent > before or before - unsent >= enough:
            self._unread[connection] = now, unsent
        elif since < now - self._limits.send_seconds:
            _log.info("closed a connection: %d bytes were not read there", unsent)
            self._abort(connection)

    def _abort(self, connection: RequestHandler) -> None:
        self.remove(connection)
        if connection.transport is not None:
            connection.transport.abort()


def _unsent(connection: RequestHandler) -> int:
    return connection.transport.get_write_buffer_size() if connection.transport else 0


class Refusal(asyncio.Protocol):
    """Answers a connection with 503, whatever it asks for, and closes it a moment later.

    Closing at once would reset the connection, and the client might not get the answer. `others`
    are those under way: beyond a few, connections are only closed.
    """

    def __init__(self, others: "set[Refusal]") -> None:
        self._others = others

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Send the answer."""
        if len(self._others) >= _REFUSALS:
            transport.abort()
            return
        self._others.add(self)
        transport.write(_REFUSED)
        transport.write_eof()
        asyncio.get_running_loop().call_later(_REFUSAL_SECONDS, transport.abort)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Make room for the next one."""
        self._others.discard(self)


def _refused() -> bytes:
    error = Overloaded()
    answer = {"status_code": error.code, "status_msg": error.message}
    body = json.dumps(answer, ensure_ascii=False).encode()
    head = (
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\nRetry-After: 1\r\n\r\n"
    )
    return head.encode() + body


_REFUSED: Final = _refused()
