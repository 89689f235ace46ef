"""A bounded pool of connections to one instance."""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Final

from microkit.discovery import Instance
from microkit.errors import DeadlineExceeded, Retry, Unavailable
from microkit.metrics import POOL
from microkit.rpc.connection import MAX_CALLS, ClientConnection
from microkit.rpc.deadlines import Deadlines
from microkit.rpc.transport import Message
from microkit.saturation import Usage, track, untrack

_CONNECT_SECONDS: Final = 1.0


class Pool:
    """The connections to one instance of a service, for at most `size` calls at once.

    Calls share a connection if the server allows it: what they send in one iteration of the event
    loop then costs one system call on each side. Otherwise each call has a connection of its own;
    the one used last is reused first. While `size` calls run, further callers wait in order.
    """

    def __init__(self, service: str, instance: Instance, size: int, max_size: int) -> None:
        self.service = service
        self.instance = instance
        self.deadlines: Deadlines[asyncio.Future[Message]] = Deadlines(_expire)
        self._max_size = max_size
        self._idle: list[ClientConnection] = []
        self._shared: list[ClientConnection] = []
        self._max_shared = -(-size // MAX_CALLS)
        self._open: set[ClientConnection] = set()
        self._size = self._free_slots = size
        self._waiters: deque[asyncio.Future[None]] = deque()  # each gets a slot
        self._open_gauge = POOL.labels(service, "open")
        self._closed = False
        track(self, "rpc_pool", service, Pool._usage)

    def _usage(self) -> Usage:
        return Usage(self._size - self._free_slots, len(self._waiters), self._size)

    @property
    def full(self) -> bool:
        """Whether a further call has to wait."""
        return not self._free_slots

    def acquire_now(self) -> ClientConnection | None:
        """Return an open connection for one call, None if it takes time to get one."""
        if not self._free_slots:
            return None
        connection = self._usable()
        if connection is not None:
            self._free_slots -= 1
        return connection

    async def acquire(self, deadline: float) -> ClientConnection:
        """Return a connection for one call; waits until `deadline` (the loop's time).

        Raises:
            Unavailable: the connection failed; nothing was sent.
            DeadlineExceeded: `size` calls were in flight until the deadline.
        """
        if self._free_slots:
            self._free_slots -= 1
        else:
            await self._wait(deadline)
        try:
            return self._usable() or await self._connect(deadline)
        except BaseException:
            self._free_slot()
            raise

    def release(self, connection: ClientConnection) -> None:
        """Return a connection after a call, even if it was closed, and free the call's slot."""
        if self._closed:
            connection.retire()
        elif connection.open and not connection.multiplexed:
            self._idle.append(connection)
        elif connection.open and connection not in self._shared:
            if len(self._shared) < self._max_shared:
                self._shared.append(connection)
            else:  # one of those opened before the first reply
                connection.retire()
        self._free_slot()

    def remove(self, connection: ClientConnection) -> None:
        """Remove a closed connection; idempotent."""
        if connection in self._open:
            self._open.remove(connection)
            self._open_gauge.dec()
            for places in (self._idle, self._shared):
                with suppress(ValueError):
                    places.remove(connection)

    def close(self) -> None:
        """Close idle connections now and the others when their calls end; fail all waiters."""
        self._closed = True
        untrack(self)
        for connection in (*self._idle, *self._shared):
            connection.retire()
        self._fail_waiters()

    def _usable(self) -> ClientConnection | None:
        """Return a connection that takes one more call; forget those that no longer do."""
        for connection in self._shared:
            if connection.usable:
                return connection
        if self._shared:
            self._shared = [each for each in self._shared if each.open]
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
            connection.close()
            self.remove(connection)
        return None

    async def _connect(self, deadline: float) -> ClientConnection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(min(deadline, loop.time() + _CONNECT_SECONDS)):
                connection = await self._opened()
        except (OSError, TimeoutError, ValueError) as error:  # ValueError: invalid host name
            # The waiters would fail the same way: let them try another instance now.
            self._fail_waiters()
            raise Unavailable(retry=Retry.NEVER_HANDLED) from error
        self._open.add(connection)
        self._open_gauge.inc()
        return connection

    async def _opened(self) -> ClientConnection:
        loop, instance = asyncio.get_running_loop(), self.instance

        def protocol() -> ClientConnection:
            return ClientConnection(self, self._max_size)

        if instance.path:
            return (await loop.create_unix_connection(protocol, instance.path))[1]
        return (await loop.create_connection(protocol, instance.host, instance.port))[1]

    def _fail_waiters(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_exception(Unavailable(retry=Retry.NEVER_HANDLED))

    async def _wait(self, deadline: float) -> None:
        """Wait for the slot of a call that ends."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout_at(deadline):
                await waiter
        except (TimeoutError, asyncio.CancelledError) as error:
            # The slot may have been granted at the same moment.
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._free_slot()
            if isinstance(error, TimeoutError):
                raise DeadlineExceeded(retry=Retry.NEVER_HANDLED) from None
            raise

    def _free_slot(self) -> None:
        """Give a slot to the longest waiter, if there is one."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self._free_slots += 1


def _expire(reply: asyncio.Future[Message]) -> None:
    if not reply.done():
        reply.set_exception(DeadlineExceeded())
