"""Redis with automatic pipelining: the commands of one loop turn travel together.

One awaited command costs several times as much as one of many in a pipeline, and concurrent
callers rarely have something to gain from going first. So commands gather while every connection
is busy, and the next free one takes them all, as ioredis and lettuce do it.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError, ResponseError

from microkit.admission import Admission
from microkit.background import Background
from microkit.config import ConfigError
from microkit.errors import StoreError
from microkit.observe import observed
from microkit.storage.settings import RedisSettings

_log = logging.getLogger(__name__)
_QUEUED = 10_000
_CONNECTIONS = 2
_SCHEMES = ("redis://", "rediss://", "unix:///")

Argument = str | bytes | int


class Script:
    """A Lua script; Redis knows it by its digest, metrics and logs by its name."""

    __slots__ = ("name", "sha", "text")

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.sha = hashlib.sha1(text.encode()).hexdigest()  # noqa: S324 - the name Redis gives it


class Redis:
    """Commands to one Redis."""

    def __init__(self, pool: ConnectionPool, size: int, timeout: float) -> None:
        self._pool = pool
        self._free = size
        self._timeout = timeout
        self._queue: list[tuple[tuple[Argument, ...], asyncio.Future[Any]]] = []
        self._sending = Background()
        self._flushing = False
        self._places = Admission(_QUEUED)

    async def execute(self, *command: Argument) -> Any:
        """Run one command; answers are as Redis gives them, texts as bytes.

        Raises:
            StoreError: Redis cannot be reached, did not answer in time, or refused.
            Overloaded: too many commands wait to be sent.
        """
        return await self._observed(str(command[0]), command)

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """Run a script, which Redis does as one indivisible step.

        Raises:
            StoreError, Overloaded: as `execute`.
        """
        rest = (len(keys), *keys, *arguments)
        try:
            return await self._observed(script.name, ("EVALSHA", script.sha, *rest))
        except NoScriptError:
            # Redis is new or was restarted; nothing was done, and EVAL loads the script.
            return await self._observed(script.name, ("EVAL", script.text, *rest))

    async def check(self) -> None:
        """Find out whether Redis answers.

        Raises:
            StoreError: it does not.
        """
        await self.execute("PING")

    async def _observed(self, name: str, command: tuple[Argument, ...]) -> Any:
        """Run one command; `name` is what metrics and logs call it."""
        with observed("redis", "redis", name, (NoScriptError,)):
            try:
                return await self._enqueue(command)
            except NoScriptError:
                raise
            except RedisError as error:
                _log.error("redis redis.%s: %s: %s", name, type(error).__name__, error)
                raise StoreError from error

    def _enqueue(self, command: tuple[Argument, ...]) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        self._places.enter()
        answer: asyncio.Future[Any] = loop.create_future()
        self._queue.append((command, answer))
        if self._free and not self._flushing:
            self._flushing = True
            loop.call_soon(self._flush)
        return answer

    def _flush(self) -> None:
        self._flushing = False
        if not self._queue or not self._free:
            return
        batch, self._queue = self._queue, []
        self._places.leave(len(batch))
        self._free -= 1
        self._sending.start(self._send(batch)).add_done_callback(self._sent)

    def _sent(self, _: asyncio.Task[None]) -> None:
        self._free += 1
        self._flush()

    async def _send(self, batch: list[tuple[tuple[Argument, ...], asyncio.Future[Any]]]) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await self._round_trip(batch)
        except (RedisError, OSError) as error:
            # They may have been done: what was sent is never sent again.
            failed = error if isinstance(error, RedisError) else RedisError(str(error) or "timeout")
        else:
            return
        for _, answer in batch:
            if not answer.done():
                answer.set_exception(failed)
                answer.exception()  # known, also when its caller is gone

    async def _round_trip(
        self, batch: list[tuple[tuple[Argument, ...], asyncio.Future[Any]]]
    ) -> None:
        connection = await self._pool.get_connection()  # type: ignore[no-untyped-call]
        try:
            await _refresh(connection)
            packed = connection.pack_commands([command for command, _ in batch])
            await connection.send_packed_command(packed, check_health=False)
            for _, answer in batch:
                await _read(connection, answer)
        except BaseException:
            # Answers that are still to come must not be taken for those of the next batch.
            await connection.disconnect(nowait=True)
            raise
        finally:
            await self._pool.release(connection)


async def _refresh(connection: AbstractConnection) -> None:
    """Drop a connection that Redis closed while it was idle; sending opens it anew."""
    if connection.is_connected and await connection.can_read():
        await connection.disconnect(nowait=True)


async def _read(connection: AbstractConnection, answer: asyncio.Future[Any]) -> None:
    try:
        value = await connection.read_response(disconnect_on_error=False)
    except ResponseError as error:
        if not answer.done():
            answer.set_exception(error)
            answer.exception()  # known, also when its caller is gone
    else:
        if not answer.done():
            answer.set_result(value)


@asynccontextmanager
async def open_redis(settings: RedisSettings) -> AsyncIterator[Redis]:
    """Open the Redis at `redis_url` (redis://, rediss:// or unix://); connects when first used.

    Raises:
        ConfigError: no such kind of Redis.
    """
    if not settings.redis_url.startswith(_SCHEMES):
        raise ConfigError("REDIS_URL: want redis://host:port/number, rediss://… or unix:///socket")
    timeout = settings.store_timeout_ms / 1e3
    pool = ConnectionPool.from_url(
        settings.redis_url,
        protocol=2,
        socket_timeout=None,
        socket_connect_timeout=min(timeout, 1),
        retry=Retry(NoBackoff(), 0),
    )
    try:
        yield Redis(pool, _CONNECTIONS, timeout)
    finally:
        await pool.disconnect()
