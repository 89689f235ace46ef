"""A bounded pool of connections to one instance: LIFO reuse, FIFO waiters."""

import asyncio
import logging
import select
from collections import deque
from contextlib import suppress

from microkit.discovery import Instance
from microkit.errors import DeadlineExceeded, Retry, Unavailable
from microkit.metrics import POOL
from microkit.rpc.scan import ProtocolError
from microkit.rpc.transport import Message, Reader

_log = logging.getLogger(__name__)

_CONNECT_SECONDS = 1.0
_TIMER_SECONDS = 0.005  # resolution of the deadlines


class ClientConnection(asyncio.Protocol):
    """A client's connection; at most one call is in flight on it."""

    def __init__(self, pool: "Pool", max_size: int) -> None:
        self._pool = pool
        self._reader = Reader(max_size)
        self._transport: asyncio.Transport = None  # type: ignore[assignment]
        self._reply: asyncio.Future[Message] | None = None
        self._deadline = 0.0
        self._poll = select.poll()

    @property
    def usable(self) -> bool:
        """Whether it is open with nothing unread.

        The socket is polled, because the loop may not have seen EOF yet.
        """
        return not self._transport.is_closing() and not self._poll.poll(0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        self._transport = transport  # type: ignore[assignment]
        self._poll.register(transport.get_extra_info("socket"), select.POLLIN)

    def send(self, request: bytes, deadline: float) -> asyncio.Future[Message]:
        """Write a whole message and return the future of its reply.

        The future fails with DeadlineExceeded at `deadline` (the loop's time), and with Unavailable
        when the connection is lost.
        """
        self._reply = reply = asyncio.get_running_loop().create_future()
        self._deadline = deadline
        self._pool.start_timer()
        self._transport.write(request)
        return reply

    def expire(self, now: float) -> bool:
        """Fail the call if its deadline has passed; return whether a call is still in flight."""
        if self._reply is None or self._reply.done():
            return False
        if now < self._deadline:
            return True
        self._reply.set_exception(DeadlineExceeded())
        return False

    def data_received(self, data: bytes) -> None:
        """Deliver the reply; unexpected data close the connection."""
        try:
            for message in self._reader.feed(data):
                self._deliver(message)
        except ProtocolError as error:
            _log.warning("%s: %s", self._pool.instance, error)
            self._fail(Unavailable())
            self.close()

    def connection_lost(self, _exc: Exception | None) -> None:
        """Fail the call in flight and remove the connection from the pool."""
        self._fail(Unavailable())
        self._pool.remove(self)

    def close(self) -> None:
        """Close at once: a late reply must not be read by the next call."""
        self._transport.abort()

    def _deliver(self, message: Message) -> None:
        if self._reply is None or self._reply.done():
            raise ProtocolError("a reply without a call")
        self._reply.set_result(message)

    def _fail(self, error: Exception) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(error)


class Pool:
    """The connections to one instance of a service, at most `size`.

    The connection used last is reused first. When all are in use, callers wait in order: the
    longest waiter gets the next released connection, or the slot of a closed one.
    """

    def __init__(self, service: str, instance: Instance, size: int, max_size: int) -> None:
        self.instance = instance
        self._max_size = max_size
        self._idle: list[ClientConnection] = []
        self._open: set[ClientConnection] = set()
        self._free_slots = size
        # A waiter gets a connection, or None: a slot in which to open one.
        self._waiters: deque[asyncio.Future[ClientConnection | None]] = deque()
        self._open_gauge = POOL.labels(service, "open")
        self._closed = False
        self._timer_runs = False

    def start_timer(self) -> None:
        """Make calls fail at their deadlines, or up to 5 ms later.

        All calls share one timer: a timer per call costs more than encoding the call.
        """
        if not self._timer_runs:
            self._timer_runs = True
            asyncio.get_running_loop().call_later(_TIMER_SECONDS, self._expire)

    def _expire(self) -> None:
        self._timer_runs = False
        now = asyncio.get_running_loop().time()
        if [each for each in self._open if each.expire(now)]:  # a list: `expire` runs for each
            self.start_timer()

    def acquire_idle(self) -> ClientConnection | None:
        """Return the usable connection released last, None if there is none."""
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
            connection.close()
            self.remove(connection)
        return None

    async def acquire(self, deadline: float) -> ClientConnection:
        """Return a connection for one call; waits until `deadline` (the loop's time).

        Raises:
            Unavailable: the connection failed; nothing was sent.
            DeadlineExceeded: all connections were in use until the deadline.
        """
        while True:
            if (connection := self.acquire_idle()) is not None:
                return connection
            if self._free_slots:
                self._free_slots -= 1
                return await self._connect(deadline)
            connection = await self._wait(deadline)
            if connection is None:
                return await self._connect(deadline)
            if connection.usable:
                return connection
            connection.close()
            self.remove(connection)

    def release(self, connection: ClientConnection) -> None:
        """Return a connection to the pool after its reply was read completely."""
        if self._closed or connection not in self._open:
            connection.close()
        elif not self._grant(connection):
            self._idle.append(connection)

    def remove(self, connection: ClientConnection) -> None:
        """Remove a closed connection and free its slot; idempotent."""
        if connection in self._open:
            self._open.remove(connection)
            self._open_gauge.dec()
            with suppress(ValueError):
                self._idle.remove(connection)
            self._free_slot()

    def close(self) -> None:
        """Close idle connections now and the others when their calls end; fail all waiters."""
        self._closed = True
        for connection in tuple(self._idle):
            connection.close()
        self._fail_waiters()

    async def _connect(self, deadline: float) -> ClientConnection:
        """Open a connection in a taken slot; the slot is freed on failure."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(min(deadline, loop.time() + _CONNECT_SECONDS)):
                _, connection = await loop.create_connection(
                    lambda: ClientConnection(self, self._max_size),
                    self.instance.host,
                    self.instance.port,
                )
        except (OSError, TimeoutError, ValueError) as error:  # ValueError: invalid host name
            self._free_slots += 1
            # The waiters would fail the same way: let them try another instance now.
            self._fail_waiters()
            raise Unavailable(retry=Retry.NEVER_HANDLED) from error
        except BaseException:
            self._free_slot()
            raise
        self._open.add(connection)
        self._open_gauge.inc()
        return connection

    def _fail_waiters(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_exception(Unavailable(retry=Retry.NEVER_HANDLED))

    async def _wait(self, deadline: float) -> ClientConnection | None:
        """Wait for a released connection, or (None) for a slot to open one in."""
        waiter: asyncio.Future[ClientConnection | None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout_at(deadline):
                return await waiter
        except (TimeoutError, asyncio.CancelledError) as error:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._give_back(waiter.result())
            if isinstance(error, TimeoutError):
                raise DeadlineExceeded(retry=Retry.NEVER_HANDLED) from None
            raise

    def _give_back(self, connection: ClientConnection | None) -> None:
        """Return a connection (or slot) granted after its waiter timed out or was cancelled."""
        if connection is None:
            self._free_slot()
        else:
            self.release(connection)

    def _free_slot(self) -> None:
        if not self._grant(None):
            self._free_slots += 1

    def _grant(self, connection: ClientConnection | None) -> bool:
        """Give a connection or a slot (None) to the longest waiter; False without waiters."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return True
        return False
