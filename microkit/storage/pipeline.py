"""Pipelining of command batches on one Redis connection; hiredis packs and parses (RESP 2).

`redis.asyncio` opens the connection: URL, TLS, AUTH, SELECT. `Pipeline` then takes over its
transport, because redis-py packs in Python and awaits each reply separately, which costs two to
four times the CPU per command.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, cast

import hiredis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError

Argument = str | bytes | int
Command = tuple[Argument, ...]


def pack(command: Command) -> bytes:
    """Encode a command.

    Raises:
        TypeError: an argument is not a str, bytes or int.
        UnicodeEncodeError: a str has lone surrogates.
    """
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]
    return packed


class Batch:
    """Commands that are sent together, and the futures of their replies."""

    __slots__ = ("_loop", "_next", "_packed", "_replies", "timer")

    def __init__(self) -> None:
        self.timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._packed: list[bytes] = []
        self._replies: list[asyncio.Future[Any]] = []
        self._next = 0  # the index of the next reply

    def __len__(self) -> int:
        return len(self._packed)

    def add(self, packed: bytes) -> asyncio.Future[Any]:
        """Add a packed command and return the future of its reply."""
        reply: asyncio.Future[Any] = self._loop.create_future()
        self._packed.append(packed)
        self._replies.append(reply)
        return reply

    def packed(self) -> bytes:
        """Return the bytes of all commands."""
        return b"".join(self._packed)

    def add_reply(self, value: Any) -> bool:
        """Deliver the reply to the next command; return whether it was the last one."""
        reply = self._replies[self._next]
        self._next += 1
        if not reply.done():
            if isinstance(value, hiredis.ReplyError):
                _fail(reply, ResponseError(str(value)))
            else:
                reply.set_result(value)
        return self._next == len(self._replies)

    def fail(self, error: Exception) -> None:
        """Fail all commands without a reply."""
        for reply in self._replies:
            if not reply.done():
                _fail(reply, error)


class NotReplicatedError(RedisError):
    """Too few replicas confirmed a write in time: it may be lost by a failover."""


class DurableBatch(Batch):
    """Commands followed by `WAIT`: their replies are delivered when the replicas have the writes.

    An error reply is delivered at once, because such a command was not executed.

    Args:
        replicas: how many replicas must confirm.
        wait_ms: how long they may take.
    """

    __slots__ = ("_replicas", "_values", "_wait")

    def __init__(self, replicas: int, wait_ms: int) -> None:
        super().__init__()
        self._replicas = replicas
        self._wait = pack(("WAIT", replicas, wait_ms))
        self._values: list[Any] = []

    def packed(self) -> bytes:
        """Return the bytes of all commands and of `WAIT`."""
        return super().packed() + self._wait

    def add_reply(self, value: Any) -> bool:
        """Keep the reply to the next command, or deliver all; return whether it was the last."""
        if len(self._values) < len(self._replies):
            self._values.append(value)
            reply = self._replies[len(self._values) - 1]
            if isinstance(value, hiredis.ReplyError) and not reply.done():
                _fail(reply, ResponseError(str(value)))
            return False
        if isinstance(value, hiredis.ReplyError) or value < self._replicas:
            self.fail(NotReplicatedError(f"WAIT: {value} of {self._replicas} replicas"))
        for reply, held in zip(self._replies, self._values, strict=True):
            if not reply.done():
                reply.set_result(held)
        return True


class Pipeline(asyncio.Protocol):
    """A connection on which batches are pipelined.

    Args:
        connection: an unconnected connection of `redis.asyncio`.
        timeout: seconds until a batch must be answered; then the connection is closed, so that a
            late reply is never delivered to another command.
        idle: called when a batch is complete, and when the connection is lost.
    """

    def __init__(
        self, connection: AbstractConnection, timeout: float, idle: Callable[[], object]
    ) -> None:
        self._connection = connection  # owns the socket
        self._timeout = timeout
        self._idle = idle
        self._reader = hiredis.Reader()
        self._sent: deque[Batch] = deque()
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._close_reason = "connection lost"

    async def open(self) -> None:
        """Connect, authenticate, select the database, and take over the transport.

        Raises:
            RedisError: Redis is unreachable, did not reply, or refused the password.
        """
        await self._connection.connect()  # type: ignore[no-untyped-call]
        writer = self._connection._writer  # noqa: SLF001 - no public access to the transport
        if writer is None:
            raise RedisConnectionError("connection lost")
        self.connection_made(writer.transport)
        writer.transport.set_protocol(self)

    @property
    def is_open(self) -> bool:
        """Whether batches can be sent."""
        return self._transport is not None

    @property
    def in_flight(self) -> int:
        """The number of incomplete batches."""
        return len(self._sent)

    def send(self, batch: Batch) -> None:
        """Send all commands of a batch in one write; the connection must be open."""
        if not batch:
            return
        self._sent.append(batch)
        batch.timer = self._loop.call_later(self._timeout, self._time_out)
        transport = cast("asyncio.Transport", self._transport)
        transport.write(batch.packed())

    def close(self, reason: str = "connection closed") -> None:
        """Close at once; commands without a reply fail with `reason`."""
        self._close_reason = reason
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Deliver each reply to its command."""
        sent = self._sent
        self._reader.feed(data)
        try:
            while sent and (value := self._reader.gets()) is not False:
                if sent[0].add_reply(value):
                    self._done(sent.popleft())
        except hiredis.ProtocolError as error:
            self.close(f"not RESP: {error}")

    def connection_lost(self, error: Exception | None) -> None:
        """Fail commands without a reply; their outcome is unknown, so they are not resent."""
        self._transport = None
        reason = f"{self._close_reason}: {error}" if error else self._close_reason
        failure = RedisConnectionError(reason)
        while self._sent:
            batch = self._sent.popleft()
            self._done(batch)
            batch.fail(failure)
        self._idle()

    def _done(self, batch: Batch) -> None:
        if batch.timer is not None:
            batch.timer.cancel()
        self._idle()

    def _time_out(self) -> None:
        self.close("no reply in time")


def _fail(reply: asyncio.Future[Any], error: Exception) -> None:
    reply.set_exception(error)
    # Mark it retrieved: without callers asyncio would log "never retrieved".
    reply.exception()
