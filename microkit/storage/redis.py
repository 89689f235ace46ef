"""Redis with automatic pipelining, as in ioredis.

The commands of one iteration of the event loop are sent as one batch, because a pipelined command
costs a fraction of a separate one. While two batches are in flight, further commands collect in
the next one.
"""

import asyncio
import hashlib
import logging
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Literal

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
from microkit.storage.url import split, trust

_log = logging.getLogger(__name__)
_MAX_QUEUED = 10_000
_SCAN_COUNT: Final = 500
_MAX_IN_FLIGHT = 2
_CONNECT_SECONDS = 1.0
# Checked here, because redis-py uses database 0 if the path is not a number.
_URL: Final = re.compile(r"unix:///.|rediss?://([^/]*@)?[^/@:]+(:\d+)?(/\d*)?(\?|$)")
# What every write needs: a script and a key that is written, if only for a moment.
_CHECK: Final[Command] = (
    "EVAL",
    "return redis.call('SET', KEYS[1], '1', 'PX', 1000)",
    1,
    "check:{0}",
)
_UNKNOWN_SCRIPT = "NOSCRIPT"


class _UnknownScript(Exception):
    """Redis does not have a script of this digest; nothing was executed."""


class Script:
    """A Lua script; Redis identifies it by its digest, metrics and logs by its name."""

    __slots__ = ("name", "sha", "text")

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.sha = hashlib.sha1(text.encode()).hexdigest()  # noqa: S324 - defined by EVALSHA


class Redis:
    """A client of one Redis server."""

    def __init__(self, pool: ConnectionPool, timeout: float) -> None:
        self._pool = pool
        self._timeout = timeout
        self._connection: Pipeline | None = None
        self._connecting = BackgroundTasks()
        self._queue = Batch()
        self._admission = Admission(_MAX_QUEUED, name="redis")

    async def execute(self, *command: Argument) -> Any:
        """Run one command and return Redis' reply; strings are bytes.

        Raises:
            StoreError: Redis is unreachable, did not reply in time, or replied with an error.
            Overloaded: too many commands are queued.
        """
        return await self._observed(str(command[0]), command)

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """Run a script atomically.

        Raises:
            StoreError, Overloaded: as `execute`.
        """
        parameters = (len(keys), *keys, *arguments)
        try:
            return await self._observed(script.name, ("EVALSHA", script.sha, *parameters))
        except _UnknownScript:
            # Redis was restarted. Nothing was executed; EVAL runs and loads the script.
            return await self._observed(script.name, ("EVAL", script.text, *parameters))

    async def scan(
        self, command: Literal["SSCAN", "ZSCAN", "HSCAN"], key: str
    ) -> AsyncIterator[Sequence[bytes]]:
        """Yield all of a set, sorted set or hash in batches, as the command returns them.

        Each batch is a command of its own, so that a large key does not block Redis. What changes
        meanwhile may be missing or come twice.

        Raises:
            StoreError, Overloaded: as `execute`.
        """
        cursor: bytes = b"0"
        while True:
            cursor, batch = await self.execute(command, key, cursor, "COUNT", _SCAN_COUNT)
            yield batch
            if cursor == b"0":
                return

    async def check(self) -> None:
        """Check that Redis takes writes: PING also passes on a read-only replica or a full disk.

        Raises:
            StoreError: it does not.
        """
        await self._observed("check", _CHECK)

    async def _observed(self, name: str, command: Command) -> Any:
        """Run one command; `name` is its name in metrics and logs."""
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
        self._admission.enter()
        if not self._queue:
            asyncio.get_running_loop().call_soon(self._flush)
        return self._queue.add(packed)

    def _flush(self) -> None:
        """Send the queued commands, unless enough batches are in flight."""
        if not self._queue:
            return
        if self._connection is None or not self._connection.is_open:
            if not self._connecting:
                self._connecting.start(self._connect())
        elif self._connection.in_flight < _MAX_IN_FLIGHT:
            self._connection.send(self._take_queue())

    def _take_queue(self) -> Batch:
        batch, self._queue = self._queue, Batch()
        self._admission.leave(len(batch))
        return batch

    async def _connect(self) -> None:
        try:
            async with asyncio.timeout(min(self._timeout, _CONNECT_SECONDS)):
                connection = self._pool.make_connection()  # type: ignore[no-untyped-call]
                self._connection = Pipeline(connection, self._timeout, self._flush)
                await self._connection.open()
        except (RedisError, OSError) as error:
            self._take_queue().fail(RedisConnectionError(f"cannot connect: {error!r}"))
            return
        if self._connection.is_open:
            self._connection.send(self._take_queue())
        else:
            self._take_queue().fail(RedisConnectionError("connection lost"))

    async def close(self) -> None:
        """Close the connection; commands without a reply fail."""
        await self._connecting.close()
        if self._connection is not None:
            self._connection.close()


@asynccontextmanager
async def open_redis(settings: RedisSettings) -> AsyncIterator[Redis]:
    """Open the Redis at `redis_url` (redis://, rediss:// or unix://); connects on first use.

    Raises:
        ConfigError: the URL is invalid.
    """
    invalid = "REDIS_URL: want redis://host:port/number, rediss://… or unix:///socket"
    url = split(settings.redis_url, invalid)
    if not _URL.match(settings.redis_url):
        raise ConfigError(invalid)
    tls: dict[str, Any] = {}
    if url.scheme == "rediss":
        trust("REDIS_CA_FILE", settings.redis_ca_file)  # redis-py reads the file at each connect
        tls["ssl_ca_certs"] = settings.redis_ca_file or None
    timeout = settings.store_timeout_ms / 1e3
    try:
        pool = ConnectionPool.from_url(
            settings.redis_url,
            protocol=2,
            socket_timeout=timeout,
            socket_connect_timeout=min(timeout, _CONNECT_SECONDS),
            retry=Retry(NoBackoff(), 0),
            **tls,
        )
        pool.make_connection()  # type: ignore[no-untyped-call] # validates the URL's options
    except (ValueError, TypeError):
        raise ConfigError(invalid) from None
    redis = Redis(pool, timeout)
    try:
        yield redis
    finally:
        await redis.close()
