"""Recomputes from `given`, which is the edge, what follows from it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from favoritemicro.dal import keys
from microkit.storage.redis import Redis, Script

_AT_ONCE: Final = 200

# KEYS: given, likers. ARGV: user, video.
_LIKER = Script(
    "liker",
    """
local edge = redis.call('ZSCORE', KEYS[1], ARGV[2])
local mirror = redis.call('SISMEMBER', KEYS[2], ARGV[1]) == 1
if edge and not mirror then return redis.call('SADD', KEYS[2], ARGV[1]) end
if mirror and not edge then return -redis.call('SREM', KEYS[2], ARGV[1]) end
return 0
""",
)
# KEYS: received, liked, then likers of each of the author's videos. ARGV: how many these are.
# More were liked since they were read: they have to be read again. The set only grows.
_RECEIVED = Script(
    "received",
    """
if redis.call('SCARD', KEYS[2]) ~= tonumber(ARGV[1]) then return false end
local right = 0
for i = 3, #KEYS do right = right + redis.call('SCARD', KEYS[i]) end
local stored = tonumber(redis.call('GET', KEYS[1]) or 0)
if stored ~= right then redis.call('SET', KEYS[1], right) end
return {stored, right}
""",
)


async def repair(redis: Redis) -> AsyncIterator[str]:
    """Compare every like on both sides and every author's count; say what was wrong."""
    for lane in range(keys.LANES):
        for member in await redis.execute("SMEMBERS", keys.users(lane)):
            videos = await redis.execute("ZRANGE", keys.given(int(member)), 0, -1)
            async for line in _likers(redis, [(int(member), int(video)) for video in videos]):
                yield line
    authors: set[int] = set()
    for lane in range(keys.LANES):
        flat = await redis.execute("HGETALL", keys.authors(lane))
        for video, author in zip(flat[::2], flat[1::2], strict=True):
            authors.add(int(author))
            await redis.execute("SADD", keys.liked(int(author)), video)
            likers = await redis.execute("SMEMBERS", keys.likers(int(video)))
            async for line in _likers(redis, [(int(user), int(video)) for user in likers]):
                yield line
    for author in sorted(authors):
        stored, right = await _received(redis, author)
        if stored != right:
            yield f"user {author}: likes received {stored} → {right}"


async def _received(redis: Redis, author: int) -> tuple[int, int]:
    """Set the likes that an author received; return what was stored and what is right."""
    while True:
        videos = await redis.execute("SMEMBERS", keys.liked(author))
        touched = [keys.received(author), keys.liked(author)]
        touched += [keys.likers(int(video)) for video in videos]
        if (counted := await redis.run(_RECEIVED, touched, [len(videos)])) is not None:
            return counted[0], counted[1]


async def _likers(redis: Redis, edges: list[tuple[int, int]]) -> AsyncIterator[str]:
    for at in range(0, len(edges), _AT_ONCE):
        some = edges[at : at + _AT_ONCE]
        changes = await asyncio.gather(
            *(redis.run(_LIKER, [keys.given(u), keys.likers(v)], [u, v]) for u, v in some)
        )
        for (user, video), change in zip(some, changes, strict=True):
            if change:
                yield f"video {video}: liker {user} {'added' if change > 0 else 'removed'}"
