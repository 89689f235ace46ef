"""A concurrency limiter with a fair (round-robin) queue per client."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from microkit.admission import Admission
from microkit.errors import Overloaded
from microkit.saturation import Usage, track


class Turns:
    """Limits concurrent jobs; waiting clients are served round-robin.

    A client with many jobs delays each job of another client by at most one job.

    Args:
        limit: how many jobs run at once.
        waiting: how many more may wait; further ones are refused.
        per_client: how many jobs of one client run at once; None for no limit.
        patience_seconds: how long a job waits before it is refused; None for no limit.
        refusal: the message of Overloaded; None for the default.
        name: what the turns are for, in metrics.
    """

    def __init__(
        self,
        limit: int,
        waiting: int,
        *,
        per_client: int | None = None,
        patience_seconds: float | None = None,
        refusal: str | None = None,
        name: str = "",
    ) -> None:
        self._free = self._limit = limit
        self._admission = Admission(limit + waiting, refusal)
        self._per_client = per_client or limit
        self._patience_seconds = patience_seconds
        self._refusal = refusal
        self._running: Counter[Hashable] = Counter()
        self._queues: dict[Hashable, deque[asyncio.Future[None]]] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        if name:
            track(self, "turns", name, Turns._usage)

    def _usage(self) -> Usage:
        waiting = sum(len(queue) for queue in self._queues.values())
        return Usage(self._limit - self._free, waiting, self._limit)

    @asynccontextmanager
    async def turn(self, client: Hashable) -> AsyncIterator[None]:
        """Wait for a turn and hold it for the block.

        Raises:
            Overloaded: the queue is full, or the wait exceeded `patience_seconds`.
        """
        with self._admission:
            await self._acquire(client)
            try:
                yield
            finally:
                self._release(client)

    async def drain(self) -> None:
        """Wait until no job runs or waits."""
        await self._idle.wait()

    async def _acquire(self, client: Hashable) -> None:
        granted = asyncio.get_running_loop().create_future()
        self._queues.setdefault(client, deque()).append(granted)
        self._grant()
        try:
            async with asyncio.timeout(self._patience_seconds):
                await granted
        except BaseException as error:
            if granted.done() and not granted.cancelled():
                self._release(client)
            else:
                self._withdraw(client, granted)
            if isinstance(error, TimeoutError):
                raise Overloaded(self._refusal) from error
            raise

    def _grant(self) -> None:
        """Grant free turns, one to each client before any client gets a second."""
        while self._free and (client := self._next_client()) is not None:
            queue = self._queues.pop(client)
            granted = queue.popleft()
            if queue:
                self._queues[client] = queue  # at the end of the round-robin order
            if granted.done():  # cancelled in this iteration of the loop: its task runs after this
                continue
            granted.set_result(None)
            self._free -= 1
            self._running[client] += 1
            self._idle.clear()

    def _next_client(self) -> Hashable | None:
        for client in self._queues:
            if self._running[client] < self._per_client:
                return client
        return None

    def _release(self, client: Hashable) -> None:
        self._free += 1
        self._running[client] -= 1
        if not self._running[client]:
            del self._running[client]
        self._grant()
        if not self._running:
            self._idle.set()

    def _withdraw(self, client: Hashable, granted: asyncio.Future[None]) -> None:
        queue = self._queues.get(client)
        if queue is not None and granted in queue:  # else `_grant` has passed it over
            queue.remove(granted)
            if not queue:
                del self._queues[client]
