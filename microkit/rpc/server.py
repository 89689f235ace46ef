"""The RPC server: all four transports on one port."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

from microkit.config import Settings
from microkit.descriptors import connections_allowed
from microkit.listening import accept_pending, has_input
from microkit.rpc.contract import Contract, HandlersT
from microkit.rpc.deadlines import Deadlines
from microkit.rpc.outbox import Outbox
from microkit.rpc.refused import RefusedConnection
from microkit.rpc.scan import ProtocolError
from microkit.rpc.server_call import Cancelled, MethodHandler, ServerCall
from microkit.rpc.transport import CANCEL, Message, Reader
from microkit.saturation import Usage, track
from microkit.unsent import Unsent

_log = logging.getLogger(__name__)
_MAX_QUEUED_CALLS: Final = 64  # per connection
_MAX_CONCURRENT_CALLS: Final = 64  # per multiplexed connection
_DRAIN_SECONDS: Final = 0.3
_DRAIN_STEP_SECONDS: Final = 0.02
_CANCEL_SECONDS: Final = 1.0
# Limit of the bytes buffered on all connections together, in messages of the largest size.
_MAX_BUFFERED_MESSAGES: Final = 16
# Limit of the unsent bytes on all connections together, in messages of the largest size.
_MAX_UNSENT_MESSAGES: Final = 8
_MAX_CONNECTIONS: Final = 4096
_SWEEP_SECONDS: Final = 1.0
_LOG_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """The limits of a server: sizes in bytes, times in seconds, elements of one message."""

    message_size: int = 16 * 2**20
    elements: int = 25_000
    connections: int = _MAX_CONNECTIONS
    idle: float = 600
    timeout: float = 10
    send: float = 30

    @classmethod
    def of(cls, settings: Settings) -> "ServerLimits":
        """Return the limits from the settings."""
        return cls(
            message_size=settings.rpc_max_message_mib * 2**20,
            elements=settings.rpc_max_elements,
            connections=connections_allowed(_MAX_CONNECTIONS),
            timeout=settings.rpc_server_timeout_ms / 1e3,
        )


class Server:
    """Serves the Thrift services of one contract: `handlers` maps a service's name to its handler.

    A handler has a coroutine per method, of the same name, from request struct to response struct.

    Raises:
        TypeError: a handler lacks a method's coroutine.
    """

    def __init__(
        self,
        name: str,
        contract: Contract[Any, HandlersT],
        handlers: HandlersT,
        limits: ServerLimits,
    ) -> None:
        self.name = name
        self.limits = limits
        self.methods = {
            method.name: MethodHandler(name, method, handlers[service])
            for service, methods in contract.services.items()
            for method in methods.values()
        }
        self.connections: set[ServerConnection] = set()
        self.draining = self.stopped = False
        self.unsent = Unsent(_MAX_UNSENT_MESSAGES * limits.message_size, limits.send)
        self.deadlines: Deadlines[ServerCall] = Deadlines(
            lambda call: call.cancel(Cancelled.DEADLINE)
        )
        self._refused: set[RefusedConnection] = set()
        self._refusal_logged = -_LOG_SECONDS
        self._buffered = 0
        self._listener: asyncio.Server | None = None
        self._unix_listener: asyncio.Server | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        track(self, "connections", "rpc", Server._usage)

    def _usage(self) -> Usage:
        waiting = sum(each.queued for each in self.connections)
        return Usage(len(self.connections), waiting, self.limits.connections)

    @property
    def port(self) -> int:
        """The port the server listens on."""
        if self._listener is None:
            raise RuntimeError("the server is not listening")
        port: int = self._listener.sockets[0].getsockname()[1]
        return port

    async def listen(self, host: str, port: int) -> None:
        """Start to accept connections; port 0 chooses a free one.

        Raises:
            OSError: the address is in use or is not local.
        """
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._connection, host, port, backlog=1024)
        self._sweep()

    async def listen_unix(self, path: str) -> None:
        """Accept connections of this user's processes on a Unix socket too, after `listen`.

        Raises:
            OSError: the path is too long, or its folder is missing.
        """
        loop = asyncio.get_running_loop()
        self._unix_listener = await loop.create_unix_server(self._connection, path, backlog=1024)
        _make_private(path)

    async def stop(self, grace: float) -> None:
        """Drain: stop listening, finish calls in flight for up to `grace` seconds, then close."""
        listeners = [each for each in (self._listener, self._unix_listener) if each is not None]
        await accept_pending([sock for each in listeners for sock in each.sockets])
        self.draining = True
        for listener in listeners:
            listener.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
        deadline = time.monotonic() + grace
        if self.connections:
            # A call may already be on its way on an idle connection; closing now would leave its
            # outcome unknown. During this pause every reply announces that its connection closes.
            await asyncio.sleep(min(_DRAIN_SECONDS, grace))
        while self.connections and time.monotonic() < deadline:
            for connection in tuple(self.connections):
                connection.drain()
            await asyncio.sleep(_DRAIN_STEP_SECONDS)
        self.stopped = True
        tasks = [call.task for each in self.connections for call in each.calls]
        for connection in tuple(self.connections):
            connection.stop()
        await asyncio.sleep(0)
        if tasks:  # the stores they use are closed after this returns
            await asyncio.wait(tasks, timeout=_CANCEL_SECONDS)

    def add_buffered(self, size: int) -> None:
        """Account for `size` more buffered bytes; above the limit, close the largest connection."""
        self._buffered += size
        if size > 0 and self._buffered > _MAX_BUFFERED_MESSAGES * self.limits.message_size:
            largest = max(self.connections, key=lambda each: each.buffered)
            _log.warning(
                "%s: closed a connection with %d buffered bytes: over the server's limit",
                self.name,
                largest.buffered,
            )
            largest.abort()

    def _connection(self) -> "ServerConnection | RefusedConnection":
        """Return the protocol of a new connection."""
        if len(self.connections) < self.limits.connections:
            return ServerConnection(self)
        now = time.monotonic()
        if now - self._refusal_logged >= _LOG_SECONDS:
            self._refusal_logged = now
            _log.warning(
                "%s: %d connections, the limit: refused one more", self.name, len(self.connections)
            )
        return RefusedConnection(self._refused)

    def _sweep(self) -> None:
        """Close connections that were idle for too long or whose caller does not read."""
        now = time.monotonic()
        self.unsent.check()
        for connection in tuple(self.connections):
            if not connection.serving and connection.idle_since < now - self.limits.idle:
                connection.abort()
        loop = asyncio.get_running_loop()
        self._sweeper = loop.call_later(_SWEEP_SECONDS, self._sweep)


class ServerConnection(asyncio.Protocol):
    """A server's connection: queues calls and runs them.

    Calls run one at a time and are answered in order. If their TTHeaders allow replies in any order
    (a multiplexing client), up to 64 calls run concurrently.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.loop = asyncio.get_running_loop()
        self._reader = Reader(server.limits.message_size, server.limits.elements)
        self._arrived: Iterator[Message] = iter(())
        self._unparsed = False  # whether messages arrived for which the queue had no room
        self._queue: deque[Message] = deque()
        self._queued_bytes = 0
        self.buffered = 0  # bytes: queued messages and the one that is arriving
        self._transport: asyncio.Transport = None  # type: ignore[assignment]
        self._outbox: Outbox = None  # type: ignore[assignment]
        self.calls: set[ServerCall] = set()
        self._running_bytes = 0
        self._multiplexed = False
        self._served = False  # whether a call has come
        self._writable = True
        self._paused = False
        self.idle_since = time.monotonic()

    @property
    def queued(self) -> int:
        """The number of calls that arrived and do not run yet."""
        return len(self._queue)

    @property
    def serving(self) -> bool:
        """Whether a call is in flight."""
        return bool(self.calls)

    @property
    def _full(self) -> bool:
        too_large = self._queued_bytes > self.server.limits.message_size
        return too_large or len(self._queue) > _MAX_QUEUED_CALLS

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accept the connection, also while the server drains."""
        self._transport = transport  # type: ignore[assignment]
        self._outbox = Outbox(self._transport)
        if self.server.stopped:  # it was accepted at the last moment
            self._transport.abort()
            return
        self.server.connections.add(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Drop queued calls and cancel those in flight: the caller is gone."""
        self.server.connections.discard(self)
        self.server.unsent.on_write_resumed(self._transport)
        self._queue.clear()
        self._arrived = iter(())
        self.server.add_buffered(-self.buffered)
        self.buffered = 0
        for call in tuple(self.calls):
            call.cancel(Cancelled.CALLER_GONE)

    def data_received(self, data: bytes) -> None:
        """Queue the calls that arrived; malformed input closes the connection."""
        if not self._reader.partial:  # else a message sent byte by byte would never be idle
            self.idle_since = time.monotonic()
        self._arrived = chain(self._arrived, self._reader.feed(data))
        if self._receive():
            self._next()
            if self._queue or self._reader.size or self.buffered:
                self._apply_backpressure()

    def _receive(self) -> bool:
        """Queue the calls that arrived, as many as may wait; return False if one was malformed."""
        self._unparsed = False
        try:
            for message in self._arrived:
                if message.kind == CANCEL and _allows_any_order(message):
                    self._cancel(message.seqid)
                    continue
                self._queue.append(message)
                self._queued_bytes += len(message.body)
                if self._full:
                    self._unparsed = True
                    break
        except ProtocolError as error:
            _log.warning("%s: closed a connection: %s", self.server.name, error)
            if error.refusal:
                self._outbox.send(error.refusal, wait=False)
                self._transport.close()
            else:
                self._transport.abort()
            return False
        return True

    def _apply_backpressure(self) -> None:
        """Account for buffered bytes; pause reading above the limit."""
        buffered = self._queued_bytes + self._reader.size
        added, self.buffered = buffered - self.buffered, buffered
        self.server.add_buffered(added)
        if (self._full or self._unparsed) and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        """Stop serving while the caller does not read its replies."""
        self._writable = False
        self.server.unsent.on_write_paused(self._transport)

    def resume_writing(self) -> None:
        """Continue serving."""
        self._writable = True
        self.server.unsent.on_write_resumed(self._transport)
        self._next()

    def drain(self) -> None:
        """Close if no call is in flight, queued, arriving, or possibly on its way.

        A call may be on its way on a new connection. A multiplexing client may have sent one before
        it read, in the last reply, that the connection closes. It closes the connection itself when
        it has no call in flight.
        """
        if self.calls or self._queue or self._reader.partial:
            return
        may_follow = self._multiplexed or not self._served
        if may_follow and self.idle_since >= time.monotonic() - _DRAIN_SECONDS:
            return
        if not has_input(self._transport.get_extra_info("socket")):
            self._outbox.flush()
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def stop(self) -> None:
        """Close at once and cancel the calls in flight: the grace period is over."""
        for call in tuple(self.calls):
            call.cancel(Cancelled.STOPPED)
        self._transport.abort()

    def _next(self) -> None:
        """Start queued calls as far as the limits allow."""
        while self._queue and self._writable and self._may_run(self._queue[0]):
            self._run(self._queue.popleft())
        if self.server.draining and not self._queue:
            self.drain()

    def _may_run(self, message: Message) -> bool:
        if not self.calls:
            return True
        return (
            self._multiplexed
            and _allows_any_order(message)
            and len(self.calls) < _MAX_CONCURRENT_CALLS
            and self._running_bytes + len(message.body) <= self.server.limits.message_size
        )

    def _run(self, message: Message) -> None:
        self._served = True
        self._multiplexed = _allows_any_order(message)
        self._queued_bytes -= len(message.body)
        self._running_bytes += len(message.body)
        if self._unparsed and not self._full:
            self._receive()
        if self._paused and not self._full and not self._unparsed:
            self._paused = False
            self._transport.resume_reading()
        call = ServerCall(self, message)
        self.calls.add(call)
        call.start()

    def _cancel(self, seqid: int) -> None:
        """Cancel the call of a multiplexing client that does not wait for its reply any more."""
        for call in self.calls:
            if call.message.seqid == seqid:
                call.cancel(Cancelled.CALLER_GONE)
                return
        for message in self._queue:
            if message.seqid == seqid:
                self._queue.remove(message)
                self._queued_bytes -= len(message.body)
                return

    @property
    def closing(self) -> bool:
        """Whether no reply can be sent any more."""
        return self._transport.is_closing()

    def reply(self, message: bytes) -> None:
        """Send a reply; while other calls are in flight, together with theirs."""
        self._outbox.send(message, wait=len(self.calls) > 1)

    def ended(self, call: ServerCall) -> None:
        """Go on after a call."""
        self.calls.discard(call)
        self._running_bytes -= len(call.message.body)
        self.idle_since = time.monotonic()
        if self._transport.is_closing():
            return
        if self._queue or self.server.draining:
            self._next()
        if self.buffered:
            self._apply_backpressure()


def _make_private(path: str) -> None:
    Path(path).chmod(0o600)


def _allows_any_order(message: Message) -> bool:
    return message.header is not None and message.header.any_order
