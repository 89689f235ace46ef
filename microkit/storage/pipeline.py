"""Batches of commands on one connection to Redis. hiredis packs and parses them (RESP 2).

`redis.asyncio` makes the connection: URL, TLS, AUTH, SELECT. Then `Pipeline` takes its transport
over, because redis-py packs in Python and awaits every reply by itself, at two to four times the
CPU per command.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, cast

import hiredis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

Argument = str | bytes | int
Command = tuple[Argument, ...]


def pack(command: Command) -> bytes:
    """Return a command as it is sent.

    Raises:
        TypeError: an argument is neither a text, nor bytes, nor a number.
        UnicodeEncodeError: a text is not Unicode.
    """
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]
    return packed


class Batch:
    """Commands that are sent together, and the answers that their callers wait for."""

    __slots__ = ("_answers", "_at", "_packed", "timer")

    def __init__(self) -> None:
        self.timer: asyncio.TimerHandle | None = None
        self._packed: list[bytes] = []
        self._answers: list[asyncio.Future[Any]] = []
        self._at = 0

    def __len__(self) -> int:
        return len(self._packed)

    def add(self, packed: bytes) -> asyncio.Future[Any]:
        """Add a packed command and return its answer."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._packed.append(packed)
        self._answers.append(answer)
        return answer

    def packed(self) -> bytes:
        """Return all commands as they are sent."""
        return b"".join(self._packed)

    def reply(self, value: Any) -> bool:
        """Answer the next command; return whether it was the last one."""
        answer = self._answers[self._at]
        self._at += 1
        if not answer.done():
            if isinstance(value, hiredis.ReplyError):
                _fail(answer, ResponseError(str(value)))
            else:
                answer.set_result(value)
        return self._at == len(self._answers)

    def fail(self, error: Exception) -> None:
        """Answer with an error all commands that have no answer yet."""
        for answer in self._answers[self._at :]:
            if not answer.done():
                _fail(answer, error)


class Pipeline(asyncio.Protocol):
    """A connection on which batches follow one another without waiting.

    Args:
        connection: an unconnected one of `redis.asyncio`.
        timeout: seconds that a batch may take; then the connection is closed, so that a late reply
            is never taken for that of another command.
        idle: called when a batch was answered, and when the connection is lost.
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
        self._why = "connection lost"

    async def open(self) -> None:
        """Connect, sign in, choose the database, and take the transport over.

        Raises:
            RedisError: Redis does not listen there, does not answer, or refuses the password.
        """
        await self._connection.connect()  # type: ignore[no-untyped-call]
        writer = self._connection._writer  # noqa: SLF001 - redis-py has no public way to its transport
        if writer is None:
            raise RedisConnectionError("connection lost")
        self.connection_made(writer.transport)
        writer.transport.set_protocol(self)

    @property
    def is_open(self) -> bool:
        """Can batches be sent?"""
        return self._transport is not None

    @property
    def under_way(self) -> int:
        """How many batches are not answered yet."""
        return len(self._sent)

    def send(self, batch: Batch) -> None:
        """Send all commands of a batch at once; the connection is open."""
        if not batch:
            return
        self._sent.append(batch)
        batch.timer = self._loop.call_later(self._timeout, self._give_up)
        transport = cast("asyncio.Transport", self._transport)
        transport.write(batch.packed())

    def close(self, why: str = "connection closed") -> None:
        """Close at once; what is not answered yet fails with `why`."""
        self._why = why
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Hand each reply to the command that it answers."""
        sent = self._sent
        self._reader.feed(data)
        try:
            while sent and (value := self._reader.gets()) is not False:
                if sent[0].reply(value):
                    self._done(sent.popleft())
        except hiredis.ProtocolError as error:
            self.close(f"not RESP: {error}")

    def connection_lost(self, error: Exception | None) -> None:
        """Fail what was not answered: it may have been done, so it is not sent again."""
        self._transport = None
        failed = RedisConnectionError(f"{self._why}: {error}" if error else self._why)
        while self._sent:
            batch = self._sent.popleft()
            self._done(batch)
            batch.fail(failed)
        self._idle()

    def _done(self, batch: Batch) -> None:
        if batch.timer is not None:
            batch.timer.cancel()
        self._idle()

    def _give_up(self) -> None:
        self.close("no reply in time")


def _fail(answer: asyncio.Future[Any], error: Exception) -> None:
    answer.set_exception(error)
    answer.exception()  # retrieved, also when the caller has gone
