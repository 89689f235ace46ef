"""Recomputes the keys derived from `given`, the sets that users' likes are stored in."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from favoritemicro.dal import keys
from microkit.storage.redis import Redis, Script

_BATCH: Final = 200

# KEYS: given, likers. ARGV: user, video. Returns 1: liker added, -1: removed, 0: unchanged.
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
# KEYS: received, liked, then likers of each of the author's videos. ARGV: the number of videos.
# Returns the stored and the correct count; false if `liked`, which only grows, has grown since it
# was read.
_RECEIVED = Script(
    "received",
    """
if redis.call('SCARD', KEYS[2]) ~= tonumber(ARGV[1]) then return false end
local correct = 0
for i = 3, #KEYS do correct = correct + redis.call('SCARD', KEYS[i]) end
local stored = tonumber(redis.call('GET', KEYS[1]) or 0)
if stored ~= correct then redis.call('SET', KEYS[1], correct) end
return {stored, correct}
""",
)


async def repair(redis: Redis) -> AsyncIterator[str]:
    """Compare both sides of every like and every author's count; yield a line per repair."""
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
        stored, correct = await _received(redis, author)
        if stored != correct:
            yield f"user {author}: likes received {stored} → {correct}"


async def _received(redis: Redis, author: int) -> tuple[int, int]:
    """Repair the likes that an author received; return the stored and the correct count."""
    while True:
        videos = await redis.execute("SMEMBERS", keys.liked(author))
        script_keys = [keys.received(author), keys.liked(author)]
        script_keys += [keys.likers(int(video)) for video in videos]
        if (counted := await redis.run(_RECEIVED, script_keys, [len(videos)])) is not None:
            return counted[0], counted[1]


async def _likers(redis: Redis, edges: list[tuple[int, int]]) -> AsyncIterator[str]:
    for at in range(0, len(edges), _BATCH):
        batch = edges[at : at + _BATCH]
        changes = await asyncio.gather(
            *(redis.run(_LIKER, [keys.given(u), keys.likers(v)], [u, v]) for u, v in batch)
        )
        for (user, video), change in zip(batch, changes, strict=True):
            if change:
                yield f"video {video}: liker {user} {'added' if change > 0 else 'removed'}"
