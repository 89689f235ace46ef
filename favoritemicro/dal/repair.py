"""Recomputes the keys derived from `given`, the sets that users' likes are stored in."""

import asyncio
from collections.abc import AsyncIterator

from favoritemicro.dal import keys
from microkit.storage.redis import Redis, Script

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
        async for members in redis.scan("SSCAN", keys.users(lane)):
            for member in members:
                async for line in _likes_of_user(redis, int(member)):
                    yield line
    authors: set[int] = set()
    for lane in range(keys.LANES):
        async for line in _likes_of_lane(redis, lane, authors):
            yield line
    for each in sorted(authors):
        stored, correct = await _received(redis, each)
        if stored != correct:
            yield f"user {each}: likes received {stored} → {correct}"


async def _likes_of_lane(redis: Redis, lane: int, authors: set[int]) -> AsyncIterator[str]:
    """Repair the likes of a lane's videos; add the authors of these to `authors`."""
    async for flat in redis.scan("HSCAN", keys.authors(lane)):
        for video, author in zip(map(int, flat[::2]), map(int, flat[1::2]), strict=True):
            authors.add(author)
            await redis.execute("SADD", keys.liked(author), video)
            async for line in _likes_of_video(redis, video):
                yield line


async def _received(redis: Redis, author: int) -> tuple[int, int]:
    """Repair the likes that an author received; return the stored and the correct count."""
    while True:
        videos = await redis.execute("SMEMBERS", keys.liked(author))
        script_keys = [keys.received(author), keys.liked(author)]
        script_keys += [keys.likers(int(video)) for video in videos]
        if (counted := await redis.run(_RECEIVED, script_keys, [len(videos)])) is not None:
            return counted[0], counted[1]


async def _likes_of_user(redis: Redis, user: int) -> AsyncIterator[str]:
    async for flat in redis.scan("ZSCAN", keys.given(user)):
        for line in await _likers(redis, [(user, int(video)) for video in flat[::2]]):
            yield line


async def _likes_of_video(redis: Redis, video: int) -> AsyncIterator[str]:
    async for users in redis.scan("SSCAN", keys.likers(video)):
        for line in await _likers(redis, [(int(user), video) for user in users]):
            yield line


async def _likers(redis: Redis, edges: list[tuple[int, int]]) -> list[str]:
    changes = await asyncio.gather(
        *(redis.run(_LIKER, [keys.given(u), keys.likers(v)], [u, v]) for u, v in edges)
    )
    return [
        f"video {video}: liker {user} {'added' if change > 0 else 'removed'}"
        for (user, video), change in zip(edges, changes, strict=True)
        if change
    ]
