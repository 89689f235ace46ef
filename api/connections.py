"""Limits of HTTP connections: their number, idle times, and unsent bytes.

A connection is idle until a request's headers are complete, then busy until the response is handed
to the kernel. Only an idle connection may be closed to make room for a new one.
"""

import asyncio
import json
import logging
import time
from dataclasses import dataclass
from typing import Final

from aiohttp.web_protocol import RequestHandler

from api.settings import Settings
from microkit.descriptors import connections_allowed
from microkit.errors import Overloaded
from microkit.unsent import Unsent

_log = logging.getLogger(__name__)
_SWEEP_SECONDS: Final = 1.0
_LOG_SECONDS: Final = 10.0
# The socket, and a file that is sent or received.
_DESCRIPTORS_PER_CONNECTION: Final = 2
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
            connections_allowed(settings.api_max_connections, _DESCRIPTORS_PER_CONNECTION),
            settings.api_header_seconds,
            settings.api_keepalive_seconds,
            settings.api_send_seconds,
            settings.api_max_unsent_mib << 20,
        )


class Connections:
    """The open connections of one server, held to `limits`."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: set[RequestHandler] = set()
        self._idle_since: dict[RequestHandler, float] = {}  # longest idle first
        self._header_since: dict[RequestHandler, float] = {}
        self._unsent = Unsent(limits.unsent_bytes, limits.send_seconds)
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
        self._unsent.on_write_resumed(connection.transport)

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
        """Track a slow reader."""
        if connection in self._open and connection.transport is not None:
            self._unsent.on_write_paused(connection.transport)

    def on_write_resumed(self, connection: RequestHandler) -> None:
        """Stop tracking a client that has caught up."""
        self._unsent.on_write_resumed(connection.transport)

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
        self._unsent.check()
        loop = asyncio.get_running_loop()
        self._sweeper = loop.call_later(_SWEEP_SECONDS, self._sweep)


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
