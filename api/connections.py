"""Limits of HTTP connections: their number, idle times, and unsent bytes.

A connection is idle until a request's headers are complete, then busy until the response is handed
to the kernel. Only an idle connection may be closed to make room for a new one.
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
# Descriptors for everything else: listeners, pools to services and stores, pipes, a margin.
_OWN_DESCRIPTORS: Final = 256
# The socket, and a file that is sent or received.
_DESCRIPTORS_PER_CONNECTION: Final = 2
_MIN_CONNECTIONS: Final = 16
_MIN_BYTES_PER_SECOND: Final = 4 << 10
_EVICTABLE_SECONDS: Final = 1.0
_MAX_REFUSALS: Final = 64
_REFUSAL_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one server.

    Args:
        connections: the maximum number of open connections.
        header_seconds: from the first byte of a request (of a connection: from its start) to the
            end of its headers.
        keepalive_seconds: from a response to the next request.
        send_seconds: a client that reads less than 4 KiB/s for this time is disconnected.
        unsent_bytes: response bytes buffered for slow readers, over all connections.
    """

    connections: int = 4096
    header_seconds: float = 15.0
    keepalive_seconds: float = 75.0
    send_seconds: float = 30.0
    unsent_bytes: int = 128 << 20

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """Return the limits from the settings; connections are capped by the descriptor limit."""
        return cls(
            _cap_by_descriptors(settings.api_max_connections),
            settings.api_header_seconds,
            settings.api_keepalive_seconds,
            settings.api_send_seconds,
            settings.api_max_unsent_mib << 20,
        )


def _cap_by_descriptors(connections: int) -> int:
    """Return the number of connections that descriptors suffice for; raises the soft limit.

    The hard limit is not touched: it is the operator's.
    """
    needed = connections * _DESCRIPTORS_PER_CONNECTION + _OWN_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        raised = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, raised), hard))
        soft = max(soft, raised)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return connections
    possible = max(_MIN_CONNECTIONS, (soft - _OWN_DESCRIPTORS) // _DESCRIPTORS_PER_CONNECTION)
    _log.warning(
        "API_MAX_CONNECTIONS=%d lowered to %d: the descriptor limit is %d",
        connections,
        possible,
        soft,
    )
    return possible


class Connections:
    """The open connections of one server, held to `limits`."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: set[RequestHandler] = set()
        self._idle_since: dict[RequestHandler, float] = {}  # longest idle first
        self._header_since: dict[RequestHandler, float] = {}
        self._slow: dict[RequestHandler, tuple[float, int]] = {}  # since, unsent bytes at that time
        self._refused = 0
        self._logged_at = -_LOG_SECONDS
        self._refusals: set[Refusal] = set()
        self._sweeper = asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._sweep)

    def close(self) -> None:
        """Stop the periodic checks."""
        self._sweeper.cancel()

    def refusal(self) -> "Refusal | None":
        """Return None if one more connection is allowed, else the protocol that refuses it.

        At the limit the longest idle connection is closed, if it was idle for at least a second.
        """
        if len(self._open) < self._limits.connections:
            return None
        now = time.monotonic()
        longest = next(iter(self._idle_since), None)
        if longest is not None and self._idle_since[longest] < now - _EVICTABLE_SECONDS:
            self.remove(longest)
            longest.force_close()
            self._log_limit(now, "closed an idle one")
            return None
        self._log_limit(now, "refused a new one")
        return Refusal(self._refusals)

    def add(self, connection: RequestHandler) -> None:
        """Register a new connection; the header timeout of its first request starts."""
        self._open.add(connection)
        self._header_since[connection] = self._idle_since[connection] = time.monotonic()

    def remove(self, connection: RequestHandler) -> None:
        """Remove a closed connection."""
        self._open.discard(connection)
        self._idle_since.pop(connection, None)
        self._header_since.pop(connection, None)
        self._slow.pop(connection, None)

    def on_bytes_received(self, connection: RequestHandler) -> None:
        """Start the header timeout if the connection was idle."""
        if connection in self._idle_since:
            self._header_since.setdefault(connection, time.monotonic())

    def on_headers_complete(self, connection: RequestHandler) -> None:
        """Mark the connection busy."""
        self._idle_since.pop(connection, None)
        self._header_since.pop(connection, None)

    def on_response_sent(self, connection: RequestHandler) -> None:
        """Mark the connection idle."""
        if connection in self._open:
            self._idle_since[connection] = time.monotonic()

    def on_write_paused(self, connection: RequestHandler) -> None:
        """Track a slow reader; above the total limit the largest backlog is dropped."""
        if connection in self._open:
            self._slow[connection] = time.monotonic(), _unsent(connection)
        if sum(map(_unsent, self._slow)) > self._limits.unsent_bytes:
            largest = max(self._slow, key=_unsent)
            _log.warning(
                "connection aborted: %d unsent bytes, over the total limit", _unsent(largest)
            )
            self._abort(largest)

    def on_write_resumed(self, connection: RequestHandler) -> None:
        """Stop tracking a client that has caught up."""
        self._slow.pop(connection, None)

    def _log_limit(self, now: float, action: str) -> None:
        self._refused += 1
        if now - self._logged_at >= _LOG_SECONDS:
            _log.warning(
                "connection limit reached (%d): %s (%d times since the last report)",
                len(self._open), action, self._refused,
            )  # fmt: skip
            self._refused, self._logged_at = 0, now

    def _sweep(self) -> None:
        now = time.monotonic()
        late = now - self._limits.header_seconds
        for connection in [each for each, since in self._header_since.items() if since < late]:
            _log.debug("connection closed: header timeout")
            self.remove(connection)
            connection.force_close()
        for connection in tuple(self._slow):
            self._check_progress(connection, now)
        loop = asyncio.get_running_loop()
        self._sweeper = loop.call_later(_SWEEP_SECONDS, self._sweep)

    def _check_progress(self, connection: RequestHandler, now: float) -> None:
        """Abort the connection of a client that reads too slowly."""
        since, before = self._slow[connection]
        unsent = _unsent(connection)
        required = self._limits.send_seconds * _MIN_BYTES_PER_SECOND
        if unsent > before or before - unsent >= required:
            self._slow[connection] = now, unsent
        elif since < now - self._limits.send_seconds:
            _log.info("connection aborted: client reads too slowly, %d unsent bytes", unsent)
            self._abort(connection)

    def _abort(self, connection: RequestHandler) -> None:
        self.remove(connection)
        if connection.transport is not None:
            connection.transport.abort()


def _unsent(connection: RequestHandler) -> int:
    return connection.transport.get_write_buffer_size() if connection.transport else 0


class Refusal(asyncio.Protocol):
    """Sends 503 on a new connection and closes it one second later.

    Closing at once would reset the connection before the client reads the response. `active` holds
    the refusals in progress: beyond 64, connections are closed without a response.
    """

    def __init__(self, active: "set[Refusal]") -> None:
        self._active = active

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Send the response."""
        if len(self._active) >= _MAX_REFUSALS:
            transport.abort()
            return
        self._active.add(self)
        transport.write(_REFUSED)
        transport.write_eof()
        asyncio.get_running_loop().call_later(_REFUSAL_SECONDS, transport.abort)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Remove this refusal."""
        self._active.discard(self)


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
