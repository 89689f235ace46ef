"""Limits of HTTP connections: their number, idle times, and unsent bytes.

A connection is idle until a request's headers are complete, then busy until its response is sent.
Only an idle connection may be closed to make room for a new one. The states are read from the
connections once a second, or when one is needed: requests pay nothing for them.
"""

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from api.settings import Settings
from microkit.descriptors import connections_allowed
from microkit.errors import Overloaded
from microkit.listening import has_input
from microkit.saturation import Usage, track
from microkit.unsent import Unsent

_log = logging.getLogger(__name__)
_SWEEP_SECONDS: Final = 1.0
_LOG_SECONDS: Final = 10.0
# The socket, and a file that is sent or received.
_DESCRIPTORS_PER_CONNECTION: Final = 2
_EVICTABLE_SECONDS: Final = 1.0
_IDLE_LIST_SECONDS: Final = 0.1
_DRAIN_POLL_SECONDS: Final = 0.02
_INTERRUPTED_SECONDS: Final = 1.0  # for sending the answers to interrupted requests
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


class Connection(Protocol):
    """A client's connection; times are the event loop's."""

    transport: asyncio.Transport | None

    @property
    def idle_since(self) -> float | None:
        """The end of the last response, or the start of the connection; None while busy."""

    @property
    def header_since(self) -> float | None:
        """When the headers that are incomplete began to arrive, None if none are expected."""

    def interrupt(self) -> None:
        """Answer the request in progress with 503, if its response has not begun, and close."""

    def force_close(self) -> None:
        """Close at once."""


class Connections:
    """The open connections of one server, held to `limits`."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._open: set[Connection] = set()
        self._longest_idle: Iterator[tuple[float, Connection]] = iter(())
        self._idle_listed_at = -_IDLE_LIST_SECONDS
        self._unsent = Unsent(limits.unsent_bytes, limits.send_seconds)
        self._refused = 0
        self._logged_at = -_LOG_SECONDS
        self._refusals: set[Refusal] = set()
        self._sweeper = self._loop.call_later(_SWEEP_SECONDS, self._sweep)
        self.draining = False
        self._empty = asyncio.Event()  # set while draining, without an open connection
        track(self, "connections", "http", Connections._usage)

    def _usage(self) -> Usage:
        return Usage(len(self._open), 0, self._limits.connections)

    async def drain(self, seconds: float) -> None:
        """Answer what clients have sent, and close every connection, in up to about `seconds`.

        `draining` is set: from now on a response says that its connection closes. A request on an
        idle connection is still answered; after a second without one the connection is closed.
        What takes longer than `seconds` is interrupted.
        """
        self.draining = True
        if not self._open:
            self._empty.set()
        started = self._loop.time()
        while self._open and (now := self._loop.time()) < started + seconds:
            # What has input is not silent: the event loop has not read it yet.
            silent = [each for each in self._open if _silent(each, started, now)]
            for connection in [each for each in silent if not _has_input(each)]:
                self.remove(connection)
                connection.force_close()
            await self._wait_until_empty(_DRAIN_POLL_SECONDS)
        for connection in tuple(self._open):
            connection.interrupt()
        await self._wait_until_empty(_INTERRUPTED_SECONDS)

    async def _wait_until_empty(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._empty.wait(), seconds)

    def close(self) -> None:
        """Stop the periodic checks."""
        self._sweeper.cancel()

    def refusal(self) -> "Refusal | None":
        """Return None if one more connection is allowed, else the protocol that refuses it.

        At the limit the longest idle connection is closed, if it was idle for at least a second.
        """
        if len(self._open) < self._limits.connections:
            return None
        now = self._loop.time()
        longest = self._evictable(now)
        if longest is None:
            self._log_limit(now, "refused a new one")
            return Refusal(self._refusals)
        self.remove(longest)
        longest.force_close()
        self._log_limit(now, "closed an idle one")
        return None

    def add(self, connection: Connection) -> None:
        """Register a new connection."""
        self._open.add(connection)

    def remove(self, connection: Connection) -> None:
        """Remove a closed connection."""
        self._open.discard(connection)
        if self.draining and not self._open:
            self._empty.set()
        self._unsent.on_write_resumed(connection.transport)

    def on_write_paused(self, connection: Connection) -> None:
        """Track a slow reader."""
        if connection in self._open and connection.transport is not None:
            self._unsent.on_write_paused(connection.transport)

    def on_write_resumed(self, connection: Connection) -> None:
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

    def _evictable(self, now: float) -> Connection | None:
        """Return the longest idle connection, None if none was idle for a second."""
        if now - self._idle_listed_at >= _IDLE_LIST_SECONDS:  # listing takes a millisecond
            self._idle_listed_at = now
            idle = [(s, each) for each in self._open if (s := each.idle_since) is not None]
            self._longest_idle = iter(sorted(idle, key=lambda pair: pair[0]))
        for since, connection in self._longest_idle:
            if since > now - _EVICTABLE_SECONDS:
                break
            if connection in self._open and connection.idle_since == since:
                return connection
        return None

    def _sweep(self) -> None:
        late = self._loop.time() - self._limits.header_seconds
        for connection in [each for each in self._open if (each.header_since or late) < late]:
            _log.debug("connection closed: header timeout")
            self.remove(connection)
            connection.force_close()
        self._unsent.check()
        self._sweeper = self._loop.call_later(_SWEEP_SECONDS, self._sweep)


def _silent(connection: Connection, started: float, now: float) -> bool:
    """Return whether nothing came on an idle connection for a second, counted from `started`."""
    idle = connection.idle_since
    return idle is not None and max(idle, connection.header_since or idle, started) < now - 1.0


def _has_input(connection: Connection) -> bool:
    transport = connection.transport
    sock = None if transport is None else transport.get_extra_info("socket")
    return sock is not None and has_input(sock)


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
