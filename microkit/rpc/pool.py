"""Connections to one instance: bounded, the last used first, waiting callers in order."""

import asyncio
import logging
import select
from collections import deque
from contextlib import suppress

from microkit.discovery import Instance
from microkit.errors import DeadlineExceeded, Retry, Unavailable
from microkit.metrics import POOL
from microkit.rpc.transport import Message, ProtocolError, Reader

_log = logging.getLogger(__name__)

_CONNECT_SECONDS = 1.0
_WATCH_SECONDS = 0.005


class ClientConnection(asyncio.Protocol):
    """A connection with at most one call on it."""

    def __init__(self, pool: "Pool", max_size: int) -> None:
        self._pool = pool
        self._reader = Reader(max_size)
        self._transport: asyncio.Transport = None  # type: ignore[assignment]
        self._answer: asyncio.Future[Message] | None = None
        self._deadline = 0.0
        self._news = select.poll()

    @property
    def usable(self) -> bool:
        """Can a call be made on it: is it open, and did nothing come that nobody asked for?

        The kernel is asked, because the loop may not have had its turn to hear of it.
        """
        return not self._transport.is_closing() and not self._news.poll(0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = transport  # type: ignore[assignment]
        self._news.register(transport.get_extra_info("socket"), select.POLLIN)

    def send(self, request: bytes, deadline: float) -> asyncio.Future[Message]:
        """Write a whole message and return what will be the answer to it.

        `deadline` is the loop's time at which the answer becomes DeadlineExceeded.
        """
        self._answer = answer = asyncio.get_running_loop().create_future()
        self._deadline = deadline
        self._pool.watch()
        self._transport.write(request)
        return answer

    def expire(self, now: float) -> bool:
        """End the call if its time is up; say whether one goes on."""
        if self._answer is None or self._answer.done():
            return False
        if now < self._deadline:
            return True
        self._answer.set_exception(DeadlineExceeded())
        return False

    def data_received(self, data: bytes) -> None:
        """Hand the answer over; anything that was not asked for ends the connection."""
        try:
            for message in self._reader.feed(data):
                self._take(message)
        except ProtocolError as error:
            _log.warning("%s: %s", self._pool.instance, error)
            self._fail(Unavailable())
            self.close()

    def connection_lost(self, _exc: Exception | None) -> None:
        """Tell the caller that waits, and the pool."""
        self._fail(Unavailable())
        self._pool.lost(self)

    def close(self) -> None:
        """Close at once: an answer that is still to come must not be read by the next call."""
        self._transport.abort()

    def _take(self, message: Message) -> None:
        if self._answer is None or self._answer.done():
            raise ProtocolError("an answer that nobody asked for")
        self._answer.set_result(message)

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)


class Pool:
    """The connections to one instance of a service, at most `size`.

    The connection used last is used next. When all are in use callers wait in order: a connection
    that is given back, or the place of one that closed, goes to whoever waits longest.
    """

    def __init__(self, service: str, instance: Instance, size: int, max_size: int) -> None:
        self.instance = instance
        self._max_size = max_size
        self._idle: list[ClientConnection] = []
        self._open: set[ClientConnection] = set()
        self._places = size
        self._waiting: deque[asyncio.Future[ClientConnection | None]] = deque()
        self._open_gauge = POOL.labels(service, "open")
        self._closed = False
        self._watching = False

    def watch(self) -> None:
        """See to it that calls end at their deadlines, or a few ms later.

        One timer for all: one of its own costs a call more than its encoding.
        """
        if not self._watching:
            self._watching = True
            asyncio.get_running_loop().call_later(_WATCH_SECONDS, self._expire)

    def _expire(self) -> None:
        self._watching = False
        now = asyncio.get_running_loop().time()
        if [each for each in self._open if each.expire(now)]:
            self.watch()

    def take(self) -> ClientConnection | None:
        """Return the connection used last, None if none is free that can be used."""
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
            connection.close()
            self.lost(connection)
        return None

    async def acquire(self, deadline: float) -> ClientConnection:
        """Return a connection for one call, by `deadline` in the loop's time.

        Raises:
            Unavailable: no connection could be made; nothing was handled.
            DeadlineExceeded: all were in use until the deadline.
        """
        while True:
            if (connection := self.take()) is not None:
                return connection
            if self._places:
                self._places -= 1
                return await self._connect(deadline)
            given = await self._turn(deadline)
            if given is None:
                return await self._connect(deadline)
            if given.usable:
                return given
            given.close()
            self.lost(given)

    def release(self, connection: ClientConnection) -> None:
        """Give a connection back whose call was answered completely."""
        if self._closed or connection not in self._open:
            connection.close()
        elif not self._hand_over(connection):
            self._idle.append(connection)

    def lost(self, connection: ClientConnection) -> None:
        """Forget a connection that closed, once."""
        if connection in self._open:
            self._open.remove(connection)
            self._open_gauge.dec()
            with suppress(ValueError):
                self._idle.remove(connection)
            self._vacate()

    def close(self) -> None:
        """Close what is idle now and the rest when its call ends; who waits is told."""
        self._closed = True
        for connection in tuple(self._idle):
            connection.close()
        self._dismiss()

    async def _connect(self, deadline: float) -> ClientConnection:
        """Connect in a place that was taken; it is free again if that fails."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(min(deadline, loop.time() + _CONNECT_SECONDS)):
                _, connection = await loop.create_connection(
                    lambda: ClientConnection(self, self._max_size),
                    self.instance.host,
                    self.instance.port,
                )
        except (OSError, TimeoutError, ValueError) as error:  # ValueError: no name of a host
            self._places += 1
            # Who waits for a place would not fare better, and can go elsewhere now.
            self._dismiss()
            raise Unavailable(retry=Retry.NEVER_HANDLED) from error
        except BaseException:
            self._vacate()
            raise
        self._open.add(connection)
        self._open_gauge.inc()
        return connection

    def _dismiss(self) -> None:
        """Tell everybody who waits that nothing will come."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_exception(Unavailable(retry=Retry.NEVER_HANDLED))

    async def _turn(self, deadline: float) -> ClientConnection | None:
        """Wait for a connection, or (None) for a place to make one in."""
        turn: asyncio.Future[ClientConnection | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout_at(deadline):
                return await turn
        except (TimeoutError, asyncio.CancelledError) as error:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._pass_on(turn.result())
            if isinstance(error, TimeoutError):
                raise DeadlineExceeded(retry=Retry.NEVER_HANDLED) from None
            raise

    def _pass_on(self, given: ClientConnection | None) -> None:
        """Give back what came too late for whom it was meant."""
        if given is None:
            self._vacate()
        else:
            self.release(given)

    def _vacate(self) -> None:
        if not self._hand_over(None):
            self._places += 1

    def _hand_over(self, given: ClientConnection | None) -> bool:
        """Give a connection or a place to whoever waits longest, if anybody does."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(given)
                return True
        return False
