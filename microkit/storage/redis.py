"""Redis: one server or a cluster, selected by the URL's scheme.

Commands are pipelined automatically, as in ioredis; see `microkit.storage.link`.
"""

import asyncio
import hashlib
import itertools
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Literal, Protocol

from redis.exceptions import RedisError

from microkit.errors import Retry, StoreError, Unavailable
from microkit.observe import observed
from microkit.storage import redis_url
from microkit.storage.link import Link
from microkit.storage.pipeline import Argument, Command, pack
from microkit.storage.redis_cluster import Cluster
from microkit.storage.settings import RedisSettings

_log = logging.getLogger(__name__)
_SCAN_COUNT: Final = 500
_UNKNOWN_SCRIPT: Final = "NOSCRIPT"
# What every write needs: a script and a key that is written, if only for a moment.
_CHECK: Final = pack(("EVAL", "return redis.call('SET', KEYS[1], '1', 'PX', 1000)", 1, "check:{0}"))


class Script:
    """A Lua script; Redis identifies it by its digest, metrics and logs by its name.

    All its keys have one hash tag, if it is to run on a cluster.

    Args:
        name: its name in metrics and logs.
        text: Lua.
        writes: on a cluster, replicas confirm what it wrote, and what it read, before the reply
            is returned.
    """

    __slots__ = ("name", "sha", "text", "writes")

    def __init__(self, name: str, text: str, *, writes: bool = False) -> None:
        self.name = name
        self.text = text
        self.writes = writes
        self.sha = hashlib.sha1(text.encode()).hexdigest()  # noqa: S324 - defined by EVALSHA


class Lookup:
    """Commands that read one key each, for any number of keys of any owners.

    One server executes them as one script, a cluster as single commands in one batch per node.

    Args:
        name: its name in metrics and logs.
        commands: the commands of the first, second, … key, with their arguments after the key;
            the next key has the first one again.
    """

    __slots__ = ("commands", "name", "script")

    def __init__(self, name: str, *commands: tuple[str, ...]) -> None:
        self.name = name
        self.commands = commands
        calls = ", ".join(
            "redis.call({}, KEYS[i + {}]{})".format(
                repr(verb), at, "".join(f", {argument!r}" for argument in arguments)
            )
            for at, (verb, *arguments) in enumerate(commands)
        )
        names = ", ".join(f"found[i + {at}]" for at in range(len(commands)))
        self.script = Script(
            name,
            f"local found = {{}}\n"
            f"for i = 1, #KEYS, {len(commands)} do {names} = {calls} end\n"
            f"return found\n",
        )

    def of(self, keys: Sequence[str]) -> list[Command]:
        """Return the command of each key."""
        commands = self.commands
        return [
            (verb, key, *arguments)
            for key, (verb, *arguments) in zip(keys, itertools.cycle(commands), strict=False)
        ]


class Servers(Protocol):
    """One Redis server or a cluster."""

    is_cluster: bool

    def send(self, key: str, packed: bytes, *, durable: bool) -> asyncio.Future[Any]:
        """Send a packed command to the server of a key and return the future of its reply.

        Args:
            key: any of the command's keys; "" for a command without one.
            packed: the command.
            durable: whether replicas must confirm all writes up to this command.
        """

    def masters(self) -> list[Callable[[bytes], asyncio.Future[Any]]]:
        """Return what sends a packed command to each server that has keys of its own."""

    async def recover(self, error: RedisError, key: str, packed: bytes, *, durable: bool) -> Any:
        """Return the reply of a command that failed but may be sent again.

        Raises:
            RedisError: it failed for good.
        """

    async def check(self) -> None:
        """Check that requests can be served.

        Raises:
            RedisError: they cannot.
        """

    async def close(self) -> None:
        """Close all connections."""


class OneServer:
    """One Redis server."""

    is_cluster = False

    def __init__(self, link: Link) -> None:
        self._link = link

    def send(self, key: str, packed: bytes, *, durable: bool) -> asyncio.Future[Any]:  # noqa: ARG002
        """Send a command; `key` and `durable` are for clusters."""
        return self._link.send(packed)

    def masters(self) -> list[Callable[[bytes], asyncio.Future[Any]]]:
        """Return what sends to the server."""
        return [self._link.send]

    async def recover(self, error: RedisError, key: str, packed: bytes, *, durable: bool) -> Any:  # noqa: ARG002
        """Raise `error`: there is no other server."""
        raise error

    async def check(self) -> None:
        """Check that it takes writes: PING also passes on a read-only replica or a full disk."""
        await self._link.send(_CHECK)

    async def close(self) -> None:
        """Close the connection."""
        await self._link.close()


class Redis:
    """A client of one Redis server or of a cluster.

    Args:
        servers: where commands are sent.
        read_only: whether scripts that write are refused.
    """

    def __init__(self, servers: Servers, *, read_only: bool = False) -> None:
        self._servers = servers
        self._read_only = read_only

    @property
    def is_cluster(self) -> bool:
        """Whether a script must keep to keys of one hash tag."""
        return self._servers.is_cluster

    async def execute(self, *command: Argument) -> Any:
        """Run one command and return Redis' reply; strings are bytes.

        Raises:
            StoreError: Redis is unreachable, did not reply in time, or replied with an error.
            Overloaded: too many commands are queued.
        """
        key = str(command[1]) if len(command) > 1 else ""
        packed = pack(command)
        with observed("redis", "redis", str(command[0])):
            try:
                return await self._reply(
                    self._servers.send(key, packed, durable=False), key, packed
                )
            except RedisError as error:
                raise _failed(str(command[0]), error) from error

    async def run(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Argument] = ()
    ) -> Any:
        """Run a script atomically.

        Raises:
            StoreError, Overloaded: as `execute`. On a cluster also if too few replicas confirmed
                the writes: then the outcome is unknown.
            Unavailable: the script writes, and Redis is used read-only.
        """
        if script.writes and self._read_only:
            raise Unavailable("系统维护中，暂时不能修改", Retry.NOT_RETRYABLE)
        parameters = (len(keys), *keys, *arguments)
        packed = pack(("EVALSHA", script.sha, *parameters))
        with observed("redis", "redis", script.name):
            try:
                sent = self._servers.send(keys[0], packed, durable=script.writes)
                return await self._reply(sent, keys[0], packed, durable=script.writes)
            except RedisError as error:
                if not str(error).startswith(_UNKNOWN_SCRIPT):
                    raise _failed(script.name, error) from error
            # Redis was restarted. Nothing was executed; EVAL runs and loads the script.
            packed = pack(("EVAL", script.text, *parameters))
            try:
                sent = self._servers.send(keys[0], packed, durable=script.writes)
                return await self._reply(sent, keys[0], packed, durable=script.writes)
            except RedisError as error:
                raise _failed(script.name, error) from error

    async def execute_many(self, name: str, commands: Sequence[Command]) -> list[Any]:
        """Run commands that read one key each and return their replies.

        Args:
            name: their name in metrics and logs.
            commands: each has its key after its verb.

        Raises:
            StoreError, Overloaded: as `execute`.
        """
        with observed("redis", "redis", name):
            try:
                packed = [(str(each[1]), pack(each)) for each in commands]
                sent = [self._servers.send(*each, durable=False) for each in packed]
                return [
                    await self._reply(reply, *each)
                    for reply, each in zip(sent, packed, strict=True)
                ]
            except RedisError as error:
                raise _failed(name, error) from error

    async def look_up(self, lookup: Lookup, keys: Sequence[str]) -> list[Any]:
        """Return the replies of a lookup's commands, one for each key.

        Raises:
            StoreError, Overloaded: as `execute`.
        """
        if self._servers.is_cluster:
            return await self.execute_many(lookup.name, lookup.of(keys))
        found: list[Any] = await self.run(lookup.script, keys) if keys else []
        return found

    async def _reply(
        self, sent: asyncio.Future[Any], key: str, packed: bytes, *, durable: bool = False
    ) -> Any:
        try:
            return await sent
        except RedisError as error:
            return await self._servers.recover(error, key, packed, durable=durable)

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

    async def find(self, pattern: str) -> AsyncIterator[list[str]]:
        """Yield all keys that match a pattern, in batches: one command each, for maintenance.

        Keys that are made meanwhile may be missing; keys may come twice.

        Raises:
            StoreError, Overloaded: as `execute`.
        """
        for send in self._servers.masters():
            cursor: Any = 0
            while True:
                packed = pack(("SCAN", cursor, "MATCH", pattern, "COUNT", _SCAN_COUNT))
                with observed("redis", "redis", "SCAN"):
                    try:
                        cursor, keys = await send(packed)
                    except RedisError as error:
                        raise _failed("SCAN", error) from error
                yield [key.decode() for key in keys]
                if int(cursor) == 0:
                    break

    async def existing(self, keys: Sequence[str]) -> list[str]:
        """Return those of `keys` that exist.

        Raises:
            StoreError, Overloaded: as `execute`.
        """
        found = await self.execute_many("exists", [("EXISTS", key) for key in keys])
        return [key for key, exists in zip(keys, found, strict=True) if exists]

    async def check(self) -> None:
        """Check that Redis takes writes; of a cluster, that a node calls it well.

        Raises:
            StoreError: it does not.
        """
        with observed("redis", "redis", "check"):
            try:
                await self._servers.check()
            except RedisError as error:
                raise _failed("check", error) from error

    async def close(self) -> None:
        """Close the connections; commands without a reply fail."""
        await self._servers.close()


def _failed(name: str, error: RedisError) -> StoreError:
    _log.error("redis redis.%s: %s", name, error)
    return StoreError()


@asynccontextmanager
async def open_redis(settings: RedisSettings) -> AsyncIterator[Redis]:
    """Open the Redis at `redis_url`; connects on first use.

    Raises:
        ConfigError: the URL is invalid.
    """
    url, timeout = settings.redis_url, settings.store_timeout_ms / 1e3
    connector = redis_url.Connector(timeout, settings.redis_ca_file)
    servers: Servers
    if redis_url.is_cluster(url):
        cluster = redis_url.cluster(url, connector)
        servers = Cluster(cluster, timeout, settings.redis_wait_replicas)
    else:
        servers = OneServer(Link(connector.to(url), timeout))
    redis = Redis(servers, read_only=settings.redis_read_only)
    try:
        yield redis
    finally:
        await redis.close()
