"""Likes on a Redis Cluster: `given` is the truth, all else is derived from it, lane by lane.

`likers` mirrors `given` on the video's lane. The number of its members is copied to the author's
lane, where `received` is the sum of these numbers. `microkit.storage.lanes` describes how mirrors
follow. In the logs a like is "user:video:author", a number that has to be copied "video:author".
"""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from favoritemicro.dal import keys
from microkit.errors import StoreError
from microkit.storage.lanes import ADMIT, NEXT_VERSION, LaneLog
from microkit.storage.redis import Redis, Script

_ATTEMPTS: Final = 5
_UNKNOWN_AUTHOR: Final = 0

# KEYS: given, users, versions, log, all of the user's lane. ARGV: user, video, author.
# Returns 1 if the like is new, and the version whose mirror has to be made, if any.
_LIKE = Script(
    "like_truth",
    NEXT_VERSION
    + """
local like = ARGV[1] .. ':' .. ARGV[2] .. ':' .. ARGV[3]
if redis.call('ZSCORE', KEYS[1], ARGV[2]) then return {0, redis.call('ZSCORE', KEYS[4], like)} end
local newest = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
local version = next_version(KEYS[3], tonumber(newest or 0))
redis.call('ZADD', KEYS[1], version, ARGV[2])
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[4], version, like)
return {1, string.format('%.0f', version)}
""",
    writes=True,
)
# KEYS, ARGV: as above. Returns 1 if there was a like, and the version.
_UNLIKE = Script(
    "unlike_truth",
    NEXT_VERSION
    + """
local like = ARGV[1] .. ':' .. ARGV[2] .. ':' .. ARGV[3]
if redis.call('ZREM', KEYS[1], ARGV[2]) == 0 then
  return {0, redis.call('ZSCORE', KEYS[4], like)}
end
local version = next_version(KEYS[3], 0)
redis.call('ZADD', KEYS[4], version, like)
return {1, string.format('%.0f', version)}
""",
    writes=True,
)
# KEYS: as above. ARGV: user, video, author, a version. Gives the like a version above that one.
# Returns the version, and 1 if there is a like.
_RENEW = Script(
    "like_renew",
    NEXT_VERSION
    + """
local version = next_version(KEYS[3], tonumber(ARGV[4]))
redis.call('ZADD', KEYS[4], version, ARGV[1] .. ':' .. ARGV[2] .. ':' .. ARGV[3])
return {string.format('%.0f', version), redis.call('ZSCORE', KEYS[1], ARGV[2]) and 1 or 0}
""",
    writes=True,
)
# KEYS: likers, authors, applied, versions, log, all of the video's lane.
# ARGV: user, video, author, version, 1: like, 0: none.
# Returns 1 (a liker was added), -1 (removed) or 0; then the number of likers and its version, if it
# has to be copied to the author; or the floor, if the version is too old to decide.
_MIRROR = Script(
    "like_mirror",
    ADMIT
    + NEXT_VERSION
    + """
local count = ARGV[2] .. ':' .. ARGV[3]
local like = ARGV[1] .. ':' .. count
local admitted, floor = admit(KEYS[3], KEYS[4], like, tonumber(ARGV[4]))
if admitted == 'forgotten' then return {0, false, false, floor} end
local change = 0
if admitted == 'new' then
  if ARGV[5] == '1' then
    change = redis.call('SADD', KEYS[1], ARGV[1])
  else
    change = -redis.call('SREM', KEYS[1], ARGV[1])
  end
end
if ARGV[3] ~= '0' then
  redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
  if change ~= 0 then redis.call('ZADD', KEYS[5], next_version(KEYS[4], 0), count) end
end
return {change, redis.call('SCARD', KEYS[1]), redis.call('ZSCORE', KEYS[5], count)}
""",
    writes=True,
)
# KEYS: likers, versions, log, all of the video's lane. ARGV: video, author.
# Returns the number of likers and a new version of it.
_COUNT = Script(
    "like_count",
    NEXT_VERSION
    + """
local version = next_version(KEYS[2], 0)
redis.call('ZADD', KEYS[3], version, ARGV[1] .. ':' .. ARGV[2])
return {redis.call('SCARD', KEYS[1]), string.format('%.0f', version)}
""",
    writes=True,
)
# KEYS: received, liked, counted, all of the author's lane. ARGV: video, its likers, version.
_COPY = Script(
    "like_copy",
    """
local stored = redis.call('HGET', KEYS[3], ARGV[1])
local count, version = string.match(stored or '0:0', '(%d+):(%d+)')
if tonumber(version) >= tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[3], ARGV[1], ARGV[2] .. ':' .. ARGV[3])
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('INCRBY', KEYS[1], tonumber(ARGV[2]) - tonumber(count))
return 1
""",
    writes=True,
)
# KEYS: received, counted. Returns the stored and the correct count.
_RECEIVED = Script(
    "received",
    """
local correct = 0
for _, stored in ipairs(redis.call('HVALS', KEYS[2])) do
  correct = correct + tonumber(string.match(stored, '%d+'))
end
local stored = tonumber(redis.call('GET', KEYS[1]) or 0)
if stored ~= correct then redis.call('SET', KEYS[1], correct) end
return {stored, correct}
""",
    writes=True,
)


class _Like(NamedTuple):
    """A like; the author of 0 is unknown."""

    user_id: int
    video_id: int
    author_id: int

    def __str__(self) -> str:
        return f"{self.user_id}:{self.video_id}:{self.author_id}"

    def truth(self) -> list[str]:
        """Return the keys on the user's lane."""
        lane = keys.lane(self.user_id)
        return [keys.given(self.user_id), keys.users(lane), keys.versions(lane), keys.log(lane)]

    def mirror(self) -> list[str]:
        """Return the keys on the video's lane."""
        lane = keys.lane(self.video_id)
        return [
            keys.likers(self.video_id),
            keys.authors(lane),
            keys.applied(lane),
            keys.versions(lane),
            keys.log(lane),
        ]


class MirroredLikes:
    """Changes likes and what is derived from them."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        logs = [keys.log(lane) for lane in range(keys.LANES)]
        self._log = LaneLog(redis, logs, self._replay)

    async def like(self, user_id: int, video_id: int, author_id: int) -> bool:
        """Add a like; return whether it is new."""
        like = _Like(user_id, video_id, author_id)
        new, version = await self._redis.run(_LIKE, like.truth(), like)
        if version:
            await self._mirror(like, int(version), 1)
        return bool(new)

    async def unlike(self, user_id: int, video_id: int, author_id: int) -> bool:
        """Remove a like; return whether it existed."""
        like = _Like(user_id, video_id, author_id)
        existed, version = await self._redis.run(_UNLIKE, like.truth(), like)
        if version:
            await self._mirror(like, int(version), 0)
        return bool(existed)

    async def repair(self, likes: Sequence[tuple[int, int]]) -> list[int]:
        """Repair `likers` from `given` for likes (user, video).

        Returns for each like +1 (a liker was added), -1 (removed) or 0.
        """
        found = await self._redis.execute_many("likes", [
            command for user, video in likes for command in (
                ("ZSCORE", keys.given(user), video),
                ("SISMEMBER", keys.likers(video), user),
                ("HGET", keys.authors(keys.lane(video)), video),
            )
        ])  # fmt: skip
        changes = [
            self._renew(_Like(*like, int(author or _UNKNOWN_AUTHOR)), 0)
            if (edge is None) == bool(mirror)
            else _unchanged()
            for like, edge, mirror, author in zip(
                likes, found[::3], found[1::3], found[2::3], strict=True
            )
        ]
        return await asyncio.gather(*changes)

    async def count(self, videos: Sequence[tuple[int, int]]) -> None:
        """Copy the number of likers of each of `videos` (video, author) to its author."""
        found = await self._redis.execute_many("likers", [
            command for video, author in videos for command in (
                ("SCARD", keys.likers(video)), ("HGET", keys.counted(author), video),
            )
        ])  # fmt: skip
        wrong = [
            self._count(*each)
            for each, likers, counted in zip(videos, found[::2], found[1::2], strict=True)
            if counted is None or int(counted.partition(b":")[0]) != likers
        ]
        await asyncio.gather(*wrong)

    async def repair_received(self, author: int) -> tuple[int, int]:
        """Repair the likes that an author received; return the stored and the correct count."""
        script_keys = [keys.received(author), keys.counted(author)]
        stored, correct = await self._redis.run(_RECEIVED, script_keys)
        return stored, correct

    async def complete(self) -> None:
        """Complete, until cancelled, the changes that a crash interrupted."""
        await self._log.watch()

    async def _replay(self, entry: str) -> None:
        match [int(part) for part in entry.split(":")]:
            case user, video, author:
                await self._renew(_Like(user, video, author), 0)
            case video, author:
                await self._count(video, author)

    async def _renew(self, like: _Like, floor: int, attempts: int = _ATTEMPTS) -> int:
        """Give a like a version above `floor` and make its mirror; return the mirror's change."""
        version, present = await self._redis.run(_RENEW, like.truth(), [*like, floor])
        return await self._mirror(like, int(version), present, attempts)

    async def _mirror(
        self, like: _Like, version: int, present: int, attempts: int = _ATTEMPTS
    ) -> int:
        arguments = [*like, version, present]
        change, count, counted, *floor = await self._redis.run(_MIRROR, like.mirror(), arguments)
        if floor:
            if not attempts:
                raise StoreError
            return await self._renew(like, int(floor[0]), attempts - 1)
        if counted:
            await self._copy(like.video_id, like.author_id, count, int(counted))
        self._log.done(keys.log(keys.lane(like.user_id)), str(like), version)
        return int(change)

    async def _count(self, video: int, author: int) -> None:
        lane = keys.lane(video)
        script_keys = [keys.likers(video), keys.versions(lane), keys.log(lane)]
        count, version = await self._redis.run(_COUNT, script_keys, [video, author])
        await self._copy(video, author, count, int(version))

    async def _copy(self, video: int, author: int, count: int, version: int) -> None:
        script_keys = [keys.received(author), keys.liked(author), keys.counted(author)]
        await self._redis.run(_COPY, script_keys, [video, count, version])
        self._log.done(keys.log(keys.lane(video)), f"{video}:{author}", version)


async def _unchanged() -> int:
    return 0
