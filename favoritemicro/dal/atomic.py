"""Likes on one Redis: one script changes all sides of a like."""

import asyncio
from collections.abc import Sequence

from favoritemicro.dal import keys
from microkit.storage.redis import Redis, Script
from microkit.storage.sorted_set import NEXT_SCORE

# KEYS: given, likers, received, authors, users, liked. ARGV: user, video, author.
# Returns 1 if the like is new. `given` decides; the other keys change only with it.
_LIKE = Script(
    "like",
    NEXT_SCORE
    + """
if redis.call('ZSCORE', KEYS[1], ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], next_score({KEYS[1]}), ARGV[2])
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('INCR', KEYS[3])
redis.call('HSET', KEYS[4], ARGV[2], ARGV[3])
redis.call('SADD', KEYS[5], ARGV[1])
redis.call('SADD', KEYS[6], ARGV[2])
return 1
""",
    writes=True,
)
# KEYS: given, likers, received. ARGV: user, video. Returns 1 if there was a like.
_UNLIKE = Script(
    "unlike",
    """
if redis.call('ZREM', KEYS[1], ARGV[2]) == 0 then return 0 end
redis.call('SREM', KEYS[2], ARGV[1])
redis.call('DECR', KEYS[3])
return 1
""",
    writes=True,
)
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


class AtomicLikes:
    """Changes likes and what is derived from them."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def like(self, user_id: int, video_id: int, author_id: int) -> bool:
        """Add a like; return whether it is new."""
        script_keys = [
            keys.given(user_id),
            keys.likers(video_id),
            keys.received(author_id),
            keys.authors(keys.lane(video_id)),
            keys.users(keys.lane(user_id)),
            keys.liked(author_id),
        ]
        return bool(await self._redis.run(_LIKE, script_keys, [user_id, video_id, author_id]))

    async def unlike(self, user_id: int, video_id: int, author_id: int) -> bool:
        """Remove a like; return whether it existed."""
        script_keys = [keys.given(user_id), keys.likers(video_id), keys.received(author_id)]
        return bool(await self._redis.run(_UNLIKE, script_keys, [user_id, video_id]))

    async def repair(self, likes: Sequence[tuple[int, int]]) -> list[int]:
        """Repair `likers` from `given` for likes (user, video).

        Returns for each like +1 (a liker was added), -1 (removed) or 0.
        """
        return await asyncio.gather(*(self._repair(*like) for like in likes))

    async def _repair(self, user: int, video: int) -> int:
        script_keys = [keys.given(user), keys.likers(video)]
        return int(await self._redis.run(_LIKER, script_keys, [user, video]))

    async def count(self, videos: Sequence[tuple[int, int]]) -> None:
        """Note that each of `videos` (video, author) was ever liked."""
        await asyncio.gather(
            *(self._redis.execute("SADD", keys.liked(author), video) for video, author in videos)
        )

    async def repair_received(self, author: int) -> tuple[int, int]:
        """Repair the likes that an author received; return the stored and the correct count."""
        while True:
            videos = await self._redis.execute("SMEMBERS", keys.liked(author))
            script_keys = [keys.received(author), keys.liked(author)]
            script_keys += [keys.likers(int(video)) for video in videos]
            counted = await self._redis.run(_RECEIVED, script_keys, [len(videos)])
            if counted is not None:
                return counted[0], counted[1]

    async def complete(self) -> None:
        """Return at once: a crash interrupts no script."""
