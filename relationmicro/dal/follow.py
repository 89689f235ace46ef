"""Who follows whom."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final, NamedTuple

from microkit.batch import BatchLoader
from microkit.storage.redis import Redis, Script
from relationmicro.dal import keys

MAX_LIST: Final = 10_000
_REPAIRED_AT_ONCE: Final = 200

# The edge decides: both sides change together, and only if it was not there (or was).
_FOLLOW = Script(
    "follow",
    """
if redis.call('ZSCORE', KEYS[1], ARGV[2]) then return 0 end
local now = redis.call('TIME')
local score = now[1] * 1000000 + now[2]
redis.call('ZADD', KEYS[1], score, ARGV[2])
redis.call('ZADD', KEYS[2], score, ARGV[1])
redis.call('SADD', KEYS[3], ARGV[1])
redis.call('SADD', KEYS[4], ARGV[2])
return 1
""",
)
_UNFOLLOW = Script(
    "unfollow",
    """
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('ZREM', KEYS[1], ARGV[2])
""",
)
# KEYS: following and followers of each user in turn.
_COUNTS = Script(
    "counts",
    """
local counts = {}
for i = 1, #KEYS do counts[i] = redis.call('ZCARD', KEYS[i]) end
return counts
""",
)
# The list newest first, each followed by the viewer's score for it.
_LIST = Script(
    "list",
    """
local ids = redis.call('ZREVRANGE', KEYS[1], 0, ARGV[1] - 1)
local list = {}
for i = 1, #ids do
  list[2 * i - 1] = ids[i]
  list[2 * i] = KEYS[2] and redis.call('ZSCORE', KEYS[2], ids[i]) or false
end
return list
""",
)
# Friends by when the later of the two follows came.
_FRIENDS = Script(
    "friends",
    """
local ids = redis.call('ZINTER', 2, KEYS[1], KEYS[2], 'AGGREGATE', 'MAX')
local list = {}
for i = #ids, math.max(1, #ids - ARGV[1] + 1), -1 do
  list[#list + 1] = ids[i]
  list[#list + 1] = KEYS[3] and redis.call('ZSCORE', KEYS[3], ids[i]) or false
end
return list
""",
)
# `following` is the edge, `followers` follows from it.
_REPAIR = Script(
    "repair",
    """
local edge = redis.call('ZSCORE', KEYS[1], ARGV[2])
local mirror = redis.call('ZSCORE', KEYS[2], ARGV[1])
if edge and not mirror then return redis.call('ZADD', KEYS[2], edge, ARGV[1]) end
if mirror and not edge then return -redis.call('ZREM', KEYS[2], ARGV[1]) end
return 0
""",
)


class Counts(NamedTuple):
    """How many a user follows, and how many follow the user."""

    following: int
    followers: int


class Listed(NamedTuple):
    """A user of a list, and whether the viewer follows them."""

    id: int
    is_follow: bool


class Follows:
    """The follows in one Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._counts: BatchLoader[int, Counts] = BatchLoader(self._load_counts)

    async def follow(self, user_id: int, target_id: int) -> bool:
        """Let a user follow another; return whether that is new."""
        touched = [
            keys.following(user_id),
            keys.followers(target_id),
            keys.users(keys.lane(user_id)),
            keys.users(keys.lane(target_id)),
        ]
        return bool(await self._redis.run(_FOLLOW, touched, [user_id, target_id]))

    async def unfollow(self, user_id: int, target_id: int) -> bool:
        """End it; return whether there was anything to end."""
        touched = [keys.following(user_id), keys.followers(target_id)]
        return bool(await self._redis.run(_UNFOLLOW, touched, [user_id, target_id]))

    async def counts(self, user_ids: Iterable[int]) -> dict[int, Counts]:
        """Return the counts of every one of `user_ids`."""
        return await self._counts.many(user_ids)

    async def is_following(self, viewer: int | None, user_ids: Sequence[int]) -> dict[int, bool]:
        """Say of each of `user_ids` whether the viewer follows them."""
        if not viewer or not user_ids:
            return dict.fromkeys(user_ids, False)
        scores = await self._redis.execute("ZMSCORE", keys.following(viewer), *user_ids)
        return {each: score is not None for each, score in zip(user_ids, scores, strict=True)}

    async def following(self, viewer: int | None, user_id: int) -> list[Listed]:
        """Return whom the user follows, newest first."""
        return await self._list(_LIST, [keys.following(user_id)], viewer)

    async def followers(self, viewer: int | None, user_id: int) -> list[Listed]:
        """Return who follows the user, newest first."""
        return await self._list(_LIST, [keys.followers(user_id)], viewer)

    async def friends(self, viewer: int | None, user_id: int) -> list[Listed]:
        """Return who follows the user and is followed back, the newest friendship first."""
        both = [keys.following(user_id), keys.followers(user_id)]
        return await self._list(_FRIENDS, both, viewer)

    async def repair(self) -> AsyncIterator[tuple[int, int, int]]:
        """Rebuild who is followed from who follows.

        Gives (follower, followed, +1 was missing or -1 was too many) for each that was wrong.
        """
        for lane in range(keys.LANES):
            for member in await self._redis.execute("SMEMBERS", keys.users(lane)):
                async for repaired in self._repair(int(member)):
                    yield repaired

    async def _repair(self, user_id: int) -> AsyncIterator[tuple[int, int, int]]:
        targets = await self._redis.execute("ZRANGE", keys.following(user_id), 0, -1)
        sources = await self._redis.execute("ZRANGE", keys.followers(user_id), 0, -1)
        edges = [(user_id, int(each)) for each in targets]
        edges += [(int(each), user_id) for each in sources]
        for at in range(0, len(edges), _REPAIRED_AT_ONCE):
            some = edges[at : at + _REPAIRED_AT_ONCE]
            changes = await asyncio.gather(*(self._repair_edge(*edge) for edge in some))
            for edge, change in zip(some, changes, strict=True):
                if change:
                    yield (*edge, change)

    async def _repair_edge(self, user_id: int, target_id: int) -> int:
        touched = [keys.following(user_id), keys.followers(target_id)]
        return int(await self._redis.run(_REPAIR, touched, [user_id, target_id]))

    async def _list(self, script: Script, of: list[str], viewer: int | None) -> list[Listed]:
        touched = [*of, keys.following(viewer)] if viewer else of
        flat = await self._redis.run(script, touched, [MAX_LIST])
        # Lua's false for "no such score" arrives as None.
        return [
            Listed(int(each), score is not None)
            for each, score in zip(flat[::2], flat[1::2], strict=True)
        ]

    async def _load_counts(self, user_ids: list[int]) -> dict[int, Counts]:
        touched = [key for each in user_ids for key in (keys.following(each), keys.followers(each))]
        flat = await self._redis.run(_COUNTS, touched, [])
        return {each: Counts(flat[2 * i], flat[2 * i + 1]) for i, each in enumerate(user_ids)}
