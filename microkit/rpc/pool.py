"""Connections to one instance: bounded, the last used first, waiting callers in order."""

import asyncio
from collections import deque
from contextlib import suppress

from microkit.discovery import Instance
from microkit.errors import DeadlineExceeded, Retry, Unavailable
from microkit.metrics import POOL
from microkit.rpc.transport import Message, ProtocolError, Reader

_CONNECT_SECONDS = 1.0


class Connection(asyncio.Protocol):
    """A connection with at most one call on it."""

    def __init__(self, pool: "Pool", max_size: int) -> None:
        self._pool = pool
        self._reader = Reader(max_size)
        self._transport: asyncio.Transport = None  # type: ignore[assignment]
        self._answer: asyncio.Future[Message] | None = None

    @property
    def usable(self) -> bool:
        """Can a call still be made on it?"""
        return not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = transport  # type: ignore[assignment]

    def send(self, request: bytes, deadline: float) -> asyncio.Future[Message]:
        """Write a whole message and return what will be the answer to it.

        `deadline` is the loop's time at which the answer becomes DeadlineExceeded.
        """
        loop = asyncio.get_running_loop()
        self._answer = answer = loop.create_future()
        timer = loop.call_at(deadline, self._expire, answer)
        answer.add_done_callback(lambda _: timer.cancel())
        self._transport.write(request)
        return answer

    def data_received(self, data: bytes) -> None:
        """Hand the answer over; anything that was not asked for ends the connection."""
        try:
            for message in self._reader.feed(data):
                self._take(message)
        except ProtocolError as error:
            self._fail(Unavailable(f"{self._pool.instance}: {error}"))
            self.close()

    def connection_lost(self, _exc: Exception | None) -> None:
        """Tell the caller that waits, and the pool."""
        self._fail(Unavailable(f"{self._pool.instance} closed the connection"))
        self._pool.lost(self)

    def close(self) -> None:
        """Close at once: an answer that is still to come must not be read by the next call."""
        self._transport.abort()

    def _take(self, message: Message) -> None:
        if self._answer is None or self._answer.done():
            raise ProtocolError("an answer that nobody asked for")
        self._answer.set_result(message)

    def _expire(self, answer: asyncio.Future[Message]) -> None:
        if not answer.done():
            answer.set_exception(DeadlineExceeded())

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)


class Pool:
    """The connections to one instance of a service, at most `size`."""

    def __init__(self, service: str, instance: Instance, size: int, max_size: int) -> None:
        self.instance = instance
        self._size = size
        self._max_size = max_size
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._connecting = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._busy_gauge = POOL.labels(service, "open")
        self._closed = False

    async def acquire(self, deadline: float) -> Connection:
        """Return a connection for one call, by `deadline` in the loop's time.

        Raises:
            Unavailable: no connection could be made; nothing was handled.
            DeadlineExceeded: all were in use until the deadline.
        """
        while True:
            while self._idle:
                connection = self._idle.pop()
                if connection.usable:
                    return connection
            if len(self._open) + self._connecting < self._size:
                return await self._connect(deadline)
            await self._turn(deadline)

    def release(self, connection: Connection) -> None:
        """Give a connection back whose call was answered completely."""
        if self._closed or not connection.usable:
            connection.close()
        else:
            self._idle.append(connection)
            self._wake()

    def lost(self, connection: Connection) -> None:
        """Forget a connection that closed."""
        self._open.discard(connection)
        with suppress(ValueError):
            self._idle.remove(connection)
        self._busy_gauge.dec()
        self._wake()

    def close(self) -> None:
        """Close what is idle now and the rest when its call ends."""
        self._closed = True
        for connection in self._idle:
            connection.close()

    async def _connect(self, deadline: float) -> Connection:
        loop = asyncio.get_running_loop()
        self._connecting += 1
        try:
            async with asyncio.timeout_at(min(deadline, loop.time() + _CONNECT_SECONDS)):
                _, connection = await loop.create_connection(
                    lambda: Connection(self, self._max_size), self.instance.host, self.instance.port
                )
        except (OSError, TimeoutError) as error:
            self._wake()
            raise Unavailable(retry=Retry.NEVER_HANDLED) from error
        finally:
            self._connecting -= 1
        self._open.add(connection)
        self._busy_gauge.inc()
        return connection

    async def _turn(self, deadline: float) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout_at(deadline):
                await turn
        except (TimeoutError, asyncio.CancelledError) as error:
            if turn.cancelled():
                with suppress(ValueError):
                    self._waiting.remove(turn)
            else:
                self._wake()  # the turn was given, and cannot be taken: it goes to the next
            if isinstance(error, TimeoutError):
                raise DeadlineExceeded(retry=Retry.NEVER_HANDLED) from None
            raise

    def _wake(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
