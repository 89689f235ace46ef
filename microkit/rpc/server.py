"""The RPC server: all four transports on one port, one call at a time per connection."""

import asyncio
import enum
import logging
import time
from collections import deque
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from microkit import errors
from microkit.config import Settings
from microkit.observe import observed
from microkit.rpc import metadata, status, ttheader
from microkit.rpc.codec import DecodeError
from microkit.rpc.contract import Contract, HandlersT, Method
from microkit.rpc.exception import (
    DEADLINE,
    INTERNAL,
    PROTOCOL_ERROR,
    UNKNOWN_METHOD,
    ApplicationException,
)
from microkit.rpc.transport import (
    CALL,
    EXCEPTION,
    ONEWAY,
    REPLY,
    Message,
    ProtocolError,
    Reader,
    encode,
)
from microkit.rpc.ttheader import Header

_log = logging.getLogger(__name__)
_MAX_QUEUED_CALLS: Final = 64  # per connection
_DRAIN_SECONDS: Final = 0.3
_CANCEL_SECONDS: Final = 1.0
# Limit of the bytes buffered on all connections together, in messages of the largest size.
_MAX_BUFFERED_MESSAGES: Final = 16
_CLOSE_TEXTS: Final = {ttheader.CONNECTION_CLOSES: "1"}


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a server: sizes in bytes, times in seconds."""

    message_size: int = 16 * 2**20
    connections: int = 4096
    idle: float = 600
    timeout: float = 10

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """Return the limits from the settings."""
        return cls(
            message_size=settings.rpc_max_message_mib * 2**20,
            timeout=settings.rpc_server_timeout_ms / 1e3,
        )


class Server:
    """Serves the Thrift services of one contract: `handlers` maps a service's name to its handler.

    A handler has a coroutine per method, of the same name, from request struct to response struct.

    Raises:
        TypeError: a handler lacks a method's coroutine.
    """

    def __init__(
        self, name: str, contract: Contract[Any, HandlersT], handlers: HandlersT, limits: Limits
    ) -> None:
        self.name = name
        self.limits = limits
        self.methods = {
            method.name: MethodHandler(name, method, handlers[service])
            for service, methods in contract.services.items()
            for method in methods.values()
        }
        self.connections: set[ServerConnection] = set()
        self.draining = False
        self._buffered = 0
        self._listener: asyncio.Server | None = None
        self._sweeper: asyncio.TimerHandle | None = None

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
        self._listener = await loop.create_server(
            lambda: ServerConnection(self), host, port, backlog=1024
        )
        self._sweep()

    async def stop(self, grace: float) -> None:
        """Drain: stop listening, finish calls in flight for up to `grace` seconds, then close."""
        self.draining = True
        if self._listener is not None:
            self._listener.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
        deadline = time.monotonic() + grace
        if self.connections:
            # A call may already be on its way on an idle connection; closing now would leave its
            # outcome unknown. During this pause every reply announces that its connection closes.
            await asyncio.sleep(min(_DRAIN_SECONDS, grace))
        for connection in tuple(self.connections):
            connection.drain()
        while self.connections and time.monotonic() < deadline:  # noqa: ASYNC110 - once, at the end
            await asyncio.sleep(0.02)
        tasks = [each.task for each in self.connections if each.task is not None]
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

    def _sweep(self) -> None:
        """Close connections that were idle for too long."""
        now = time.monotonic()
        for connection in tuple(self.connections):
            if not connection.serving and connection.idle_since < now - self.limits.idle:
                connection.abort()
        loop = asyncio.get_running_loop()
        self._sweeper = loop.call_later(min(self.limits.idle / 4, 30), self._sweep)


class MethodHandler:
    """One method of a contract and the coroutine that handles it."""

    __slots__ = ("call", "method", "service", "wire_name")

    def __init__(self, service: str, method: Method, handler: object) -> None:
        self.call = method.checked(handler)
        self.method = method
        self.service = service
        self.wire_name = method.name.encode()


class _Cancelled(enum.Enum):
    """Why the call in flight was cancelled."""

    DEADLINE = "its deadline passed"
    CALLER_GONE = "the caller closed the connection"
    STOPPED = "the server stopped"


class ServerConnection(asyncio.Protocol):
    """A server's connection: queues calls, runs them one after another, writes the replies."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._reader = Reader(server.limits.message_size)
        self._queue: deque[Message] = deque()
        self._queued_bytes = 0
        self.buffered = 0  # bytes: queued messages and the one that is arriving
        self._transport: asyncio.Transport = None  # type: ignore[assignment]
        self.task: asyncio.Task[None] | None = None
        self._cancelled: _Cancelled | None = None
        self._writable = True
        self._paused = False
        self._loop = asyncio.get_running_loop()
        self.idle_since = time.monotonic()

    @property
    def serving(self) -> bool:
        """Whether a call is in flight."""
        return self.task is not None

    @property
    def _full(self) -> bool:
        too_large = self._queued_bytes > self._server.limits.message_size
        return too_large or len(self._queue) > _MAX_QUEUED_CALLS

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accept the connection; refuse it above the limit and while the server drains."""
        self._transport = transport  # type: ignore[assignment]
        full = len(self._server.connections) >= self._server.limits.connections
        if full or self._server.draining:
            self._transport.abort()
            return
        self._server.connections.add(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Drop queued calls and cancel the one in flight: its caller is gone."""
        self._server.connections.discard(self)
        self._queue.clear()
        self._server.add_buffered(-self.buffered)
        self.buffered = 0
        self._cancel(_Cancelled.CALLER_GONE)

    def data_received(self, data: bytes) -> None:
        """Queue the calls that arrived; malformed input closes the connection."""
        if not self._reader.partial:  # else a message sent byte by byte would never be idle
            self.idle_since = time.monotonic()
        try:
            for message in self._reader.feed(data):
                self._queue.append(message)
                self._queued_bytes += len(message.body)
        except ProtocolError as error:
            _log.warning("%s: closed a connection: %s", self._server.name, error)
            if error.refusal:
                self._transport.write(error.refusal)
                self._transport.close()
            else:
                self._transport.abort()
            return
        self._next()
        if self._queue or self._reader.partial or self.buffered:
            self._apply_backpressure()

    def _apply_backpressure(self) -> None:
        """Account for buffered bytes; pause reading above the limit."""
        buffered = self._queued_bytes + self._reader.size
        added, self.buffered = buffered - self.buffered, buffered
        self._server.add_buffered(added)
        if self._full and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        """Stop serving while the caller does not read its replies."""
        self._writable = False

    def resume_writing(self) -> None:
        """Continue serving."""
        self._writable = True
        self._next()

    def drain(self) -> None:
        """Close if no call is in flight, queued or arriving."""
        if self.task is None and not self._queue and not self._reader.partial:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def stop(self) -> None:
        """Close at once and cancel the call in flight: the grace period is over."""
        self._cancelled = self._cancelled or _Cancelled.STOPPED
        self._transport.abort()

    def _next(self) -> None:
        if self.task is not None or not self._writable:
            return
        if not self._queue:
            if self._server.draining:
                self.drain()
            return
        message = self._queue.popleft()
        self._queued_bytes -= len(message.body)
        if self._paused and not self._full:
            self._paused = False
            self._transport.resume_reading()
        self.task = self._loop.create_task(self._serve(message))
        self.task.add_done_callback(self._served)

    def _served(self, task: asyncio.Task[None]) -> None:
        self.task = None
        self.idle_since = time.monotonic()
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("%s: serving a call failed", self._server.name, exc_info=error)
            self._transport.abort()
        if not self._transport.is_closing():
            self._next()
            if self.buffered:
                self._apply_backpressure()

    async def _serve(self, message: Message) -> None:
        handler = self._server.methods.get(message.name)
        if message.kind not in (CALL, ONEWAY):
            text = f"message type {message.kind}: want a call"
            self._refuse(message, ApplicationException(PROTOCOL_ERROR, text))
        elif handler is None:
            text = f"unknown method {message.name}"
            self._refuse(message, ApplicationException(UNKNOWN_METHOD, text))
        else:
            await self._call(message, handler)

    async def _call(self, message: Message, handler: MethodHandler) -> None:
        """Run one call and write its reply; every failure becomes a reply here."""
        method = handler.method
        self._cancelled = None
        deadline = self._loop.call_later(
            self._timeout(message.header), self._cancel, _Cancelled.DEADLINE
        )
        with observed("rpc_server", handler.service, method.name, (DecodeError,)) as call:
            try:
                request, _ = method.arguments.decode(message.body, message.start)
                _set_metadata(message.header)
                response = await handler.call(request.value)
                self._reply(message, handler.wire_name, _encoded(method, response))
            except errors.Error as error:
                call.error = error
                response = status.failure(method.response, error)
                self._reply(message, handler.wire_name, _encoded(method, response))
            except DecodeError as error:
                call.error = error
                self._refuse(message, ApplicationException(PROTOCOL_ERROR, str(error)))
            except asyncio.CancelledError as error:
                # `_cancel` and `stop` record why they cancel. The connection is open, and wants a
                # reply, only after a deadline or if the handler cancelled itself.
                call.error = error
                if self._cancelled is _Cancelled.DEADLINE:
                    call.error = errors.DeadlineExceeded()
                    self._refuse(message, DEADLINE)
                elif self._cancelled is None:
                    self._refuse(message, INTERNAL)
            except Exception as error:  # noqa: BLE001 - a bug in the handler gets a reply too
                call.error = error
                self._refuse(message, INTERNAL)
            finally:
                deadline.cancel()

    def _timeout(self, header: Header | None) -> float:
        """Return the call's time limit in seconds: the caller's, at most the server's."""
        limit = self._server.limits.timeout
        text = header.integers.get(ttheader.RPC_TIMEOUT, "") if header else ""
        seconds = int(text) / 1e3 if text.isdecimal() and len(text) < 10 else 0
        return min(seconds or limit, limit)  # 0: the caller set no limit

    def _cancel(self, reason: _Cancelled) -> None:
        """Cancel the call in flight, if there is one; the first reason counts."""
        if self.task is not None:
            self._cancelled = self._cancelled or reason
            self.task.cancel()

    def _reply(self, message: Message, name: bytes, body: bytes, kind: int = REPLY) -> None:
        if message.kind == ONEWAY or self._transport.is_closing():
            return
        header = None
        if message.header is not None:
            texts = _CLOSE_TEXTS if self._server.draining else {}
            header = Header(message.seqid, {ttheader.MESSAGE_TYPE: str(kind)}, texts)
        self._transport.write(encode(message.transport, kind, name, message.seqid, body, header))

    def _refuse(self, message: Message, exception: ApplicationException) -> None:
        name = message.name.encode(errors="surrogateescape")
        self._reply(message, name, exception.encode(), EXCEPTION)


def _encoded(method: Method, response: msgspec.Struct) -> bytes:
    return method.result.encode(method.result.struct(value=response))


def _set_metadata(header: Header | None) -> None:
    """Set the call's persistent values from the header; add a request id if there is none."""
    values = header.persistent() if header else {}
    if metadata.REQUEST_ID not in values:
        values[metadata.REQUEST_ID] = metadata.new_request_id()
    metadata.persistent.set(values)
