"""The RPC server: any of the four transports on one port, one request at a time per connection."""

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
_QUEUED: Final = 64
_LAST_CALLS_SECONDS: Final = 0.3
_CANCEL_SECONDS: Final = 1.0
# How many of the largest messages may wait on all connections together.
_HELD_MESSAGES: Final = 16
_CLOSES: Final = {ttheader.CONNECTION_CLOSES: "1"}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server bears: sizes in bytes, times in seconds."""

    message_size: int = 16 * 2**20
    connections: int = 4096
    idle: float = 600
    timeout: float = 10

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """Return the limits that the settings ask for."""
        return cls(
            message_size=settings.rpc_max_message_mib * 2**20,
            timeout=settings.rpc_server_timeout_ms / 1e3,
        )


class Server:
    """Serves the Thrift services of one contract: `handlers` maps a service's name to its handler.

    A handler has a coroutine for each method, named like it, from request to response struct.

    Raises:
        TypeError: a method without its coroutine.
    """

    def __init__(
        self, name: str, contract: Contract[Any, HandlersT], handlers: HandlersT, limits: Limits
    ) -> None:
        self.limits = limits
        self.endpoints = {
            method.name: MethodHandler(name, method, handlers[service])
            for service, methods in contract.services.items()
            for method in methods.values()
        }
        self.connections: set[ServerConnection] = set()
        self.draining = False
        self._held = 0
        self._listener: asyncio.Server | None = None
        self._sweeper: asyncio.TimerHandle | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        if self._listener is None:
            raise RuntimeError("the server does not listen")
        port: int = self._listener.sockets[0].getsockname()[1]
        return port

    async def listen(self, host: str, port: int) -> None:
        """Start to accept connections; port 0 takes any free one.

        Raises:
            OSError: the address is in use or not ours.
        """
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            lambda: ServerConnection(self), host, port, backlog=1024
        )
        self._sweep()

    async def stop(self, grace: float) -> None:
        """Accept nothing more, finish what is in flight for up to `grace` seconds, then close."""
        self.draining = True
        if self._listener is not None:
            self._listener.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
        deadline = time.monotonic() + grace
        if self.connections:
            # A call may be on its way on a connection that looks idle: nobody could know whether
            # it was handled. From now on each closes behind its next answer.
            await asyncio.sleep(min(_LAST_CALLS_SECONDS, grace))
        for connection in tuple(self.connections):
            connection.drain()
        while self.connections and time.monotonic() < deadline:  # noqa: ASYNC110 - once, at the end
            await asyncio.sleep(0.02)
        left = [each.task for each in self.connections if each.task is not None]
        for connection in tuple(self.connections):
            connection.stop()
        await asyncio.sleep(0)
        if left:  # what they use is closed next
            await asyncio.wait(left, timeout=_CANCEL_SECONDS)

    def hold(self, more: int) -> None:
        """Count bytes that wait on connections; close the one with the most when they are many."""
        self._held += more
        if more > 0 and self._held > _HELD_MESSAGES * self.limits.message_size:
            largest = max(self.connections, key=lambda each: each.held)
            _log.warning("closed a connection: %d bytes waited there", largest.held)
            largest.abort()

    def _sweep(self) -> None:
        """Close connections on which nothing happened for too long."""
        now = time.monotonic()
        for connection in tuple(self.connections):
            if not connection.serving and connection.idle_since < now - self.limits.idle:
                connection.abort()
        loop = asyncio.get_running_loop()
        self._sweeper = loop.call_later(min(self.limits.idle / 4, 30), self._sweep)


class MethodHandler:
    """One method as it is served."""

    __slots__ = ("call", "method", "service", "wire_name")

    def __init__(self, service: str, method: Method, handler: object) -> None:
        self.call = method.checked(handler)
        self.method = method
        self.service = service
        self.wire_name = method.name.encode()


class _Cancelled(enum.Enum):
    """Why the call under way was cancelled."""

    DEADLINE = "its deadline passed"
    CALLER_GONE = "the caller closed the connection"
    STOPPED = "the server stops"


class ServerConnection(asyncio.Protocol):
    """One caller's connection: reads messages, runs them in turn, writes the answers."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._reader = Reader(server.limits.message_size)
        self._waiting: deque[Message] = deque()
        self._waiting_bytes = 0
        self.held = 0
        self._transport: asyncio.Transport = None  # type: ignore[assignment]
        self.task: asyncio.Task[None] | None = None
        self._cancelled: _Cancelled | None = None
        self._writable = True
        self._paused = False
        self._loop = asyncio.get_running_loop()
        self.idle_since = time.monotonic()

    @property
    def serving(self) -> bool:
        """Is a call under way?"""
        return self.task is not None

    @property
    def _full(self) -> bool:
        too_large = self._waiting_bytes > self._server.limits.message_size
        return too_large or len(self._waiting) > _QUEUED

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or refuse it when there are too many or the server stops."""
        self._transport = transport  # type: ignore[assignment]
        full = len(self._server.connections) >= self._server.limits.connections
        if full or self._server.draining:
            self._transport.abort()
            return
        self._server.connections.add(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Stop the work that nobody waits for any more."""
        self._server.connections.discard(self)
        self._waiting.clear()
        self._server.hold(-self.held)
        self.held = 0
        self._cancel(_Cancelled.CALLER_GONE)

    def data_received(self, data: bytes) -> None:
        """Read on; what is not Thrift ends the connection."""
        if not self._reader.partial:  # else whoever sends it in drops is never idle
            self.idle_since = time.monotonic()
        try:
            for message in self._reader.feed(data):
                self._waiting.append(message)
                self._waiting_bytes += len(message.body)
        except ProtocolError as error:
            _log.warning("closed a connection: %s", error)
            if error.refusal:
                self._transport.write(error.refusal)
                self._transport.close()
            else:
                self._transport.abort()
            return
        self._next()
        if self._waiting or self._reader.partial or self.held:
            self._mind()

    def _mind(self) -> None:
        """Count what waits here, for its turn or for the rest of its message; read less of it."""
        held = self._waiting_bytes + self._reader.size
        more, self.held = held - self.held, held
        self._server.hold(more)
        if self._full and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        """Serve no more while the caller does not read its answers."""
        self._writable = False

    def resume_writing(self) -> None:
        """Go on serving."""
        self._writable = True
        self._next()

    def drain(self) -> None:
        """Close as soon as nothing is under way."""
        if self.task is None and not self._waiting and not self._reader.partial:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def stop(self) -> None:
        """Close at once, which cancels the call under way: the grace period is over."""
        self._cancelled = self._cancelled or _Cancelled.STOPPED
        self._transport.abort()

    def _next(self) -> None:
        if self.task is not None or not self._writable:
            return
        if not self._waiting:
            if self._server.draining:
                self.drain()
            return
        message = self._waiting.popleft()
        self._waiting_bytes -= len(message.body)
        if self._paused and not self._full:
            self._paused = False
            self._transport.resume_reading()
        self.task = self._loop.create_task(self._serve(message))
        self.task.add_done_callback(self._served)

    def _served(self, task: asyncio.Task[None]) -> None:
        self.task = None
        self.idle_since = time.monotonic()
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("serving failed", exc_info=error)
            self._transport.abort()
        if not self._transport.is_closing():
            self._next()
            if self.held:
                self._mind()

    async def _serve(self, message: Message) -> None:
        endpoint = self._server.endpoints.get(message.name)
        if message.kind not in (CALL, ONEWAY):
            text = f"a message of kind {message.kind}, want a call"
            self._refuse(message, ApplicationException(PROTOCOL_ERROR, text))
        elif endpoint is None:
            text = f"unknown method {message.name}"
            self._refuse(message, ApplicationException(UNKNOWN_METHOD, text))
        else:
            await self._call(message, endpoint)

    async def _call(self, message: Message, endpoint: MethodHandler) -> None:
        """Run one call and write its answer; every failure is answered here."""
        method = endpoint.method
        self._cancelled = None
        deadline = self._loop.call_later(
            self._timeout(message.header), self._cancel, _Cancelled.DEADLINE
        )
        with observed("rpc_server", endpoint.service, method.name, (DecodeError,)) as call:
            try:
                request, _ = method.arguments.decode(message.body, message.start)
                _enter(message.header)
                answer = await endpoint.call(request.value)
                self._reply(message, endpoint.wire_name, _encoded(method, answer))
            except errors.Error as error:
                call.error = error
                answer = status.failure(method.response, error)
                self._reply(message, endpoint.wire_name, _encoded(method, answer))
            except DecodeError as error:
                call.error = error
                self._refuse(message, ApplicationException(PROTOCOL_ERROR, str(error)))
            except asyncio.CancelledError as error:
                call.error = error
                if self._cancelled is _Cancelled.DEADLINE:
                    call.error = errors.DeadlineExceeded()
                    self._refuse(message, DEADLINE)
                elif self._cancelled is None:  # the handler cancelled itself
                    self._refuse(message, INTERNAL)
            except Exception as error:  # noqa: BLE001 - a fault of the handler is answered too
                call.error = error
                self._refuse(message, INTERNAL)
            finally:
                deadline.cancel()

    def _timeout(self, header: Header | None) -> float:
        own = self._server.limits.timeout
        asked = header.integers.get(ttheader.RPC_TIMEOUT, "") if header else ""
        seconds = int(asked) / 1e3 if asked.isdecimal() and len(asked) < 10 else 0
        return min(seconds or own, own)  # 0 is how a caller says that it set none

    def _cancel(self, why: _Cancelled) -> None:
        """Cancel the call under way, if there is one; the first reason counts."""
        if self.task is not None:
            self._cancelled = self._cancelled or why
            self.task.cancel()

    def _reply(self, message: Message, name: bytes, body: bytes, kind: int = REPLY) -> None:
        if message.kind == ONEWAY or self._transport.is_closing():
            return
        header = None
        if message.header is not None:
            texts = _CLOSES if self._server.draining else {}
            header = Header(message.seqid, {ttheader.MESSAGE_TYPE: str(kind)}, texts)
        self._transport.write(encode(message.transport, kind, name, message.seqid, body, header))

    def _refuse(self, message: Message, exception: ApplicationException) -> None:
        name = message.name.encode(errors="surrogateescape")
        self._reply(message, name, exception.encode(), EXCEPTION)


def _encoded(method: Method, answer: msgspec.Struct) -> bytes:
    return method.result.encode(method.result.struct(value=answer))


def _enter(header: Header | None) -> None:
    """Take over what the caller's chain of calls carries; give it a request id if it has none."""
    values = header.persistent() if header else {}
    if metadata.REQUEST_ID not in values:
        values[metadata.REQUEST_ID] = metadata.new_request_id()
    metadata.persistent.set(values)
