"""Follows in Redis: their lists and counts."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final, NamedTuple

from microkit.batch import BatchLoader, parts
from microkit.paging import END, Page
from microkit.storage.redis import Lookup, Redis, Script
from microkit.storage.sorted_set import below, read_page, read_pages
from relationmicro.dal import keys
from relationmicro.dal.atomic import AtomicEdges
from relationmicro.dal.mirrored import MirroredEdges

_FRIEND_SCRIPTS: Final = 10
_COUNTED: Final = 1000  # users of one script

# Of following and followers of each user.
_COUNTS = Lookup("counts", ("ZCARD",), ("ZCARD",))
# KEYS: following and followers of the owner. ARGV: maximum score ("(5": below 5), maximum friends.
# Returns the next cursor and the friends, by the time of the later of the two follows.
#
# If one side has at most 1,000 members, both are intersected. Otherwise they are merged from their
# newest ends: the next member of either is a friend if its score on the other side is not greater.
# Then a script reads about 2,000 members (up to 4 ms) and may return fewer friends than requested.
_FRIENDS = Script(
    "friends",
    """
local SMALL, CHUNK, STEPS = 1000, 200, 2000
local count, friends = tonumber(ARGV[2]), {}

local function finish(last)
  table.insert(friends, 1, last and string.format('%.0f', last) or '0')
  return friends
end

if math.min(redis.call('ZCARD', KEYS[1]), redis.call('ZCARD', KEYS[2])) <= SMALL then
  local both = redis.call('ZINTER', 2, KEYS[1], KEYS[2], 'AGGREGATE', 'MAX', 'WITHSCORES')
  local below = tonumber((string.gsub(ARGV[1], '[(+]', ''))) or math.huge
  local last
  for i = #both - 1, 1, -2 do
    local score = tonumber(both[i + 1])
    if score < below then
      if #friends >= count and score < last then return finish(last) end
      friends[#friends + 1] = both[i]
      last = score
    end
  end
  return finish()
end

local function read(side)
  side.found = redis.call('ZREVRANGE', side.own, side.rank, side.rank + CHUNK - 1, 'WITHSCORES')
  side.rank, side.at, side.others = side.rank + CHUNK, 1, {}
  local ids = {}
  for i = 1, #side.found, 2 do ids[#ids + 1] = side.found[i] end
  if #ids > 0 then side.others = redis.call('ZMSCORE', side.other, unpack(ids)) end
end

local function open(own, other)
  -- The number of members at or above the cursor.
  local rank = 0
  if ARGV[1] ~= '+inf' then
    rank = redis.call('ZCOUNT', own, string.sub(ARGV[1], 2), '+inf')
  end
  local side = {own = own, other = other, rank = rank}
  read(side)
  return side
end

local function head(side)
  if side.at > #side.others and #side.others == CHUNK then read(side) end
  return tonumber(side.found[2 * side.at])
end

local following, followers = open(KEYS[1], KEYS[2]), open(KEYS[2], KEYS[1])
local last, steps = math.huge, 0
while true do
  local left, right = head(following), head(followers)
  if not left and not right then return finish() end
  local side = (not right or (left and left >= right)) and following or followers
  local score = side == following and left or right
  -- Members of equal score are in one page, because the next page begins below it.
  if (#friends >= count or steps >= STEPS) and (score < last or steps >= 2 * STEPS) then
    return finish(last)
  end
  last, steps = score, steps + 1
  local other = tonumber(side.others[side.at])
  -- A member with equal scores occurs on both sides and is returned once.
  if other and (other < score or (other == score and side == following)) then
    friends[#friends + 1] = side.found[2 * side.at - 1]
  end
  side.at = side.at + 1
end
""",
)


class FollowCounts(NamedTuple):
    """How many a user follows, and how many follow the user."""

    following: int
    followers: int


PageKey = tuple[int, int, int]
"""A page of a user's list: the user's id, the cursor, the maximum of items."""


class Follows:
    """The follows in one Redis or in a cluster."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._edges = MirroredEdges(redis) if redis.is_cluster else AtomicEdges(redis)
        self._counts: BatchLoader[int, FollowCounts] = BatchLoader(self._load_counts)

    async def follow(self, user_id: int, target_id: int) -> bool:
        """Add a follow; return whether it is new."""
        return await self._edges.follow(user_id, target_id)

    async def unfollow(self, user_id: int, target_id: int) -> bool:
        """Remove a follow; return whether it existed."""
        return await self._edges.unfollow(user_id, target_id)

    async def complete(self) -> None:
        """Complete, until cancelled, the changes that a crash interrupted; for a cluster."""
        await self._edges.complete()

    async def counts(self, user_ids: Iterable[int]) -> dict[int, FollowCounts]:
        """Return the counts of each of `user_ids`."""
        return await self._counts.many(user_ids)

    async def count_columns(self, user_ids: list[int]) -> tuple[list[int], list[int]]:
        """Return how many each of `user_ids` follows, and how many follow each."""
        flat: list[int] = []
        for sizes in await asyncio.gather(*map(self._sizes, parts(user_ids, _COUNTED))):
            flat += sizes
        return flat[::2], flat[1::2]

    async def is_following(self, viewer: int | None, user_ids: Sequence[int]) -> dict[int, bool]:
        """Return for each of `user_ids` whether the viewer follows them."""
        followed = set(await self.followed(viewer or 0, user_ids))
        return {each: each in followed for each in user_ids}

    async def followed(self, viewer: int, user_ids: Sequence[int]) -> list[int]:
        """Return the users of `user_ids` that the viewer follows; none for viewer 0 (anonymous)."""
        if not viewer or not user_ids:
            return []
        scores = await self._redis.execute("ZMSCORE", keys.following(viewer), *user_ids)
        return [each for each, score in zip(user_ids, scores, strict=True) if score is not None]

    async def following(self, user_id: int, cursor: int, count: int) -> Page[int]:
        """Return a page of the users that the user follows, newest first."""
        return await read_page(self._redis, keys.following(user_id), cursor, count)

    async def followers(self, user_id: int, cursor: int, count: int) -> Page[int]:
        """Return a page of the users that follow the user, newest first."""
        return await read_page(self._redis, keys.followers(user_id), cursor, count)

    async def pages(
        self, following: Iterable[PageKey], followers: Iterable[PageKey]
    ) -> list[Page[int]]:
        """Return pages of both kinds of lists, in this order."""
        lists = [(keys.following(user_id), cursor, count) for user_id, cursor, count in following]
        lists += [(keys.followers(user_id), cursor, count) for user_id, cursor, count in followers]
        return await read_pages(self._redis, lists)

    async def friends(self, user_id: int, cursor: int, count: int) -> Page[int]:
        """Return a page of the user's mutual follows, the newest friendship first.

        Where two large lists have few members in common, a page may be short, even empty, before
        the last one.
        """
        script_keys = [keys.following(user_id), keys.followers(user_id)]
        friends: list[int] = []
        for _ in range(_FRIEND_SCRIPTS):
            wanted = count - len(friends)
            found, *members = await self._redis.run(_FRIENDS, script_keys, [below(cursor), wanted])
            friends += map(int, members)
            cursor = int(found)
            if cursor == END or len(friends) >= count:
                break
        return Page(friends, cursor)

    async def repair(self) -> AsyncIterator[tuple[int, int, int]]:
        """Rebuild all `followers` from `following`.

        Yields (follower, followed, change) for each repaired entry; change is +1 (added) or -1
        (removed).
        """
        for users in await self._redis.existing(list(map(keys.users, range(keys.LANES)))):
            async for members in self._redis.scan("SSCAN", users):
                for member in members:
                    async for repaired in self._repair(int(member)):
                        yield repaired

    async def _repair(self, user_id: int) -> AsyncIterator[tuple[int, int, int]]:
        async for flat in self._redis.scan("ZSCAN", keys.following(user_id)):
            async for repaired in self._repair_edges([(user_id, int(each)) for each in flat[::2]]):
                yield repaired
        async for flat in self._redis.scan("ZSCAN", keys.followers(user_id)):
            async for repaired in self._repair_edges([(int(each), user_id) for each in flat[::2]]):
                yield repaired

    async def _repair_edges(
        self, edges: Sequence[tuple[int, int]]
    ) -> AsyncIterator[tuple[int, int, int]]:
        changes = await self._edges.repair(edges)
        for edge, change in zip(edges, changes, strict=True):
            if change:
                yield (*edge, change)

    async def _load_counts(self, user_ids: list[int]) -> dict[int, FollowCounts]:
        flat = await self._sizes(user_ids)
        return {each: FollowCounts(flat[2 * i], flat[2 * i + 1]) for i, each in enumerate(user_ids)}

    async def _sizes(self, user_ids: list[int]) -> list[int]:
        """Return the sizes of `following` and `followers` of each user, alternating."""
        lookup_keys = [
            key for each in user_ids for key in (keys.following(each), keys.followers(each))
        ]
        return await self._redis.look_up(_COUNTS, lookup_keys)
