"""Copies the keys of a service from one Redis to a cluster, which has none of them yet."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Sequence

from microkit.config import ConfigError
from microkit.context import Context
from microkit.storage.redis import Redis, Script, open_redis
from microkit.storage.settings import RedisSettings

# KEYS: a key. ARGV: what DUMP returned for it elsewhere.
_RESTORE = Script(
    "restore", "return redis.call('RESTORE', KEYS[1], 0, ARGV[1], 'REPLACE')", writes=True
)
# KEYS: a key. Returns its number, its size, or its size and highest score.
_EXTENT = Script(
    "extent",
    """
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'string' then return redis.call('GET', KEYS[1]) end
if kind == 'set' then return tostring(redis.call('SCARD', KEYS[1])) end
if kind == 'hash' then return tostring(redis.call('HLEN', KEYS[1])) end
if kind == 'zset' then
  local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
  return redis.call('ZCARD', KEYS[1]) .. ' up to ' .. last
end
return kind
""",
)


async def copy(
    context: Context[RedisSettings],
    prefix: str,
    marks: Sequence[str],
    is_copied: Callable[[str], bool] = lambda _: True,
) -> AsyncIterator[str]:
    """Copy keys from `redis_source_url` to `redis_url` and compare them; yield lines to print.

    Nothing may write meanwhile: the services run with `redis_read_only`. A comparison at the end
    finds keys that changed.

    Args:
        context: of the service.
        prefix: the beginning of all keys of the service.
        marks: keys of which a cluster that is not empty has at least one.
        is_copied: whether a key is copied; others are derived from these.

    Raises:
        ConfigError: the source is not one Redis, or the target is not an empty cluster.
        StoreError: one of them failed; start again with an empty cluster.
    """
    own = context.settings
    if not own.redis_source_url:
        raise ConfigError("REDIS_SOURCE_URL: want the URL of the Redis to copy from")
    target = await context.redis()
    settings = dataclasses.replace(own, redis_url=own.redis_source_url, redis_read_only=False)
    async with open_redis(settings) as source:
        if source.is_cluster or not target.is_cluster:
            raise ConfigError("want one Redis as REDIS_SOURCE_URL and a cluster as REDIS_URL")
        if await target.existing(marks):
            raise ConfigError("REDIS_URL: the cluster has data of this service: want an empty one")
        copied = 0
        async for keys in source.find(f"{prefix}*"):
            chosen = list(filter(is_copied, keys))
            await asyncio.gather(*(_copy(source, target, key) for key in chosen))
            copied += len(chosen)
        yield f"{copied} keys copied"
        differ = 0
        async for keys in source.find(f"{prefix}*"):
            async for line in _differences(source, target, list(filter(is_copied, keys))):
                differ += 1
                yield line
        yield f"{differ} keys differ"


async def _copy(source: Redis, target: Redis, key: str) -> None:
    dumped = await source.execute("DUMP", key)
    if dumped is not None:
        await target.run(_RESTORE, [key], [dumped])


async def _differences(source: Redis, target: Redis, keys: list[str]) -> AsyncIterator[str]:
    extents = await asyncio.gather(
        *(redis.run(_EXTENT, [key]) for key in keys for redis in (source, target))
    )
    for key, old, new in zip(keys, extents[::2], extents[1::2], strict=True):
        if old != new:
            yield f"{key}: {old.decode()} in the source, {new.decode()} in the cluster"
