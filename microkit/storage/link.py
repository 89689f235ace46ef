"""An automatically pipelined connection to one Redis server.

The commands of one iteration of the event loop are sent as one batch, because a pipelined command
costs a fraction of a separate one. While two batches are in flight, further commands collect in
the next one.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from microkit.admission import Admission
from microkit.background import BackgroundTasks
from microkit.storage.pipeline import Batch, Pipeline

CONNECT_SECONDS: Final = 1.0
_MAX_QUEUED: Final = 10_000
_MAX_IN_FLIGHT: Final = 2


class NotSentError(RedisConnectionError):
    """There was no connection; the command was certainly not executed."""


class Link:
    """A connection that is opened on first use, and again after it was lost.

    Args:
        connect: makes an unconnected connection of `redis.asyncio`.
        timeout: seconds until a batch must be answered.
        batch: makes an empty batch.
    """

    def __init__(
        self,
        connect: Callable[[], AbstractConnection],
        timeout: float,
        batch: Callable[[], Batch] = Batch,
    ) -> None:
        self._make_connection = connect
        self._timeout = timeout
        self._batch = batch
        self._connection: Pipeline | None = None
        self._connecting = BackgroundTasks()
        self._queue = batch()
        self._admission = Admission(_MAX_QUEUED, name="redis")
        self._retired = False

    def send(self, packed: bytes) -> asyncio.Future[Any]:
        """Send a packed command with the next batch and return the future of its reply.

        The reply fails with `NotSentError` if there is no connection, with another `RedisError` if
        the connection is lost or Redis replies with an error.

        Raises:
            Overloaded: too many commands are queued.
        """
        self._admission.enter()
        if not self._queue:
            asyncio.get_running_loop().call_soon(self._flush)
        return self._queue.add(packed)

    def _flush(self) -> None:
        """Send the queued commands, unless enough batches are in flight."""
        if self._retired:
            self._end()
        elif not self._queue:
            return
        elif self._connection is None or not self._connection.is_open:
            if not self._connecting:
                self._connecting.start(self._connect())
        elif self._connection.in_flight < _MAX_IN_FLIGHT:
            self._connection.send(self._take_queue())

    def _take_queue(self) -> Batch:
        batch, self._queue = self._queue, self._batch()
        self._admission.leave(len(batch))
        return batch

    async def _connect(self) -> None:
        try:
            async with asyncio.timeout(min(self._timeout, CONNECT_SECONDS)):
                self._connection = Pipeline(self._make_connection(), self._timeout, self._flush)
                await self._connection.open()
        except (RedisError, OSError) as error:
            self._take_queue().fail(NotSentError(f"cannot connect: {error!r}"))
            return
        if self._retired:
            self._end()
        elif self._connection.is_open:
            self._connection.send(self._take_queue())
        else:
            self._take_queue().fail(NotSentError("connection lost"))

    def retire(self) -> None:
        """Send nothing any more; close when what was sent is answered."""
        self._retired = True
        self._end()

    def _end(self) -> None:
        self._take_queue().fail(NotSentError("the server was replaced"))
        if self._connection is not None and not self._connection.in_flight:
            self._connection.close()

    async def close(self) -> None:
        """Close the connection; commands without a reply fail."""
        await self._connecting.close()
        if self._connection is not None:
            self._connection.close()
