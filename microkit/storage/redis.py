"""Redis with automatic pipelining: the commands of one loop turn travel together.

One awaited command costs several times as much as one of many in a pipeline, and concurrent
callers rarely gain from going first. So the commands of a loop turn are sent in one system call;
those that come while two batches are under way gather in the next one.
"""

import asyncio
import hashlib
import logging
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from redis.asyncio.connection import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from microkit.admission import Admission
from microkit.background import BackgroundTasks
from microkit.config import ConfigError
from microkit.errors import StoreError
from microkit.observe import observed
from microkit.storage.pipeline import Argument, Batch, Command, Pipeline, pack
from microkit.storage.settings import RedisSettings

_log = logging.getLogger(__name__)
_QUEUED = 10_000
_BATCHES = 2
_CONNECT_SECONDS = 1.0
# redis-py takes database 0 where the path is no number.
_URL: Final = re.compile(r"unix://|rediss?://[^/]*(/\d*)?(\?|$)")
_UNKNOWN_SCRIPT = "NOSCRIPT"


class _UnknownScript(Exception):
    """Redis does not know a script by its digest; nothing was done."""


class Script:
    """A Lua script; Redis knows it by its digest, metrics and logs by its name."""

    __slots__ = ("name", "sha", "text")

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.sha = hashlib.sha1(text.encode()).hexdigest()  # noqa: S324 - the name Redis gives it


class Redis:
    """Commands to one Redis."""

    def __init__(self, pool: ConnectionPool, timeout: float) -> None:
        self._pool = pool
        self._timeout = timeout
        self._connection: Pipeline | None = None
        self._connecting = BackgroundTasks()
        self._queue = Batch()
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
        except _UnknownScript:
            # Redis is new or was restarted; nothing was done, and EVAL loads the script.
            return await self._observed(script.name, ("EVAL", script.text, *rest))

    async def check(self) -> None:
        """Find out whether Redis answers.

        Raises:
            StoreError: it does not.
        """
        await self.execute("PING")

    async def _observed(self, name: str, command: Command) -> Any:
        """Run one command; `name` is what metrics and logs call it."""
        with observed("redis", "redis", name, (_UnknownScript,)):
            try:
                return await self._enqueue(command)
            except RedisError as error:
                if str(error).startswith(_UNKNOWN_SCRIPT):
                    raise _UnknownScript from error
                _log.error("redis redis.%s: %s", name, error)
                raise StoreError from error

    def _enqueue(self, command: Command) -> asyncio.Future[Any]:
        packed = pack(command)
        self._places.enter()
        if not self._queue:
            asyncio.get_running_loop().call_soon(self._flush)
        return self._queue.add(packed)

    def _flush(self) -> None:
        """Send what is queued, unless so much is under way that more may gather."""
        if not self._queue:
            return
        if self._connection is None or not self._connection.is_open:
            if not self._connecting:
                self._connecting.start(self._connect())
        elif self._connection.under_way < _BATCHES:
            self._connection.send(self._taken())

    def _taken(self) -> Batch:
        batch, self._queue = self._queue, Batch()
        self._places.leave(len(batch))
        return batch

    async def _connect(self) -> None:
        try:
            async with asyncio.timeout(min(self._timeout, _CONNECT_SECONDS)):
                made = self._pool.make_connection()  # type: ignore[no-untyped-call]
                self._connection = Pipeline(made, self._timeout, self._flush)
                await self._connection.open()
        except (RedisError, OSError) as error:
            self._taken().fail(RedisConnectionError(f"cannot connect: {error!r}"))
            return
        if self._connection.is_open:
            self._connection.send(self._taken())
        else:
            self._taken().fail(RedisConnectionError("connection lost"))

    async def close(self) -> None:
        """Close the connection; what waits for an answer fails."""
        await self._connecting.close()
        if self._connection is not None:
            self._connection.close()


@asynccontextmanager
async def open_redis(settings: RedisSettings) -> AsyncIterator[Redis]:
    """Open the Redis at `redis_url` (redis://, rediss:// or unix://); connects when first used.

    Raises:
        ConfigError: no such kind of Redis.
    """
    want = "REDIS_URL: want redis://host:port/number, rediss://… or unix:///socket"
    if not _URL.match(settings.redis_url):
        raise ConfigError(want)
    timeout = settings.store_timeout_ms / 1e3
    try:
        pool = ConnectionPool.from_url(
            settings.redis_url,
            protocol=2,
            socket_timeout=timeout,
            socket_connect_timeout=min(timeout, _CONNECT_SECONDS),
            retry=Retry(NoBackoff(), 0),
        )
        pool.make_connection()  # type: ignore[no-untyped-call] # checks the options of the URL
    except (ValueError, TypeError):
        raise ConfigError(want) from None
    redis = Redis(pool, timeout)
    try:
        yield redis
    finally:
        await redis.close()
