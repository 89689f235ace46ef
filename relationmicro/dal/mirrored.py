"""Follows on a Redis Cluster: `following` is the truth, `followers` its mirror on another lane.

`microkit.storage.lanes` describes how the mirror follows. An edge is "actor:target" in the logs.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from microkit.errors import StoreError
from microkit.storage.lanes import ADMIT, NEXT_VERSION, LaneLog
from microkit.storage.redis import Redis, Script
from relationmicro.dal import keys
from relationmicro.dal.block import added

_ATTEMPTS: Final = 5
_ABSENT: Final = ""

# KEYS: following, users, versions, log, apart, all of the actor's lane. ARGV: actor, target.
# Returns 1 if the follow is new (-1: one blocks the other), and the version whose mirror has to be
# made, if any. The score is the version, so that it is unique.
_FOLLOW = Script(
    "follow_truth",
    NEXT_VERSION
    + """
local edge = ARGV[1] .. ':' .. ARGV[2]
if redis.call('ZSCORE', KEYS[5], ARGV[2]) then return {-1} end
if redis.call('ZSCORE', KEYS[1], ARGV[2]) then return {0, redis.call('ZSCORE', KEYS[4], edge)} end
local newest = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
local version = next_version(KEYS[3], tonumber(newest or 0))
redis.call('ZADD', KEYS[1], version, ARGV[2])
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[4], version, edge)
return {1, string.format('%.0f', version)}
""",
    writes=True,
)
# KEYS, ARGV: as above. Returns 1 if there was a follow, and the version.
_UNFOLLOW = Script(
    "unfollow_truth",
    NEXT_VERSION
    + """
local edge = ARGV[1] .. ':' .. ARGV[2]
if redis.call('ZREM', KEYS[1], ARGV[2]) == 0 then
  return {0, redis.call('ZSCORE', KEYS[4], edge)}
end
local version = next_version(KEYS[3], 0)
redis.call('ZADD', KEYS[4], version, edge)
return {1, string.format('%.0f', version)}
""",
    writes=True,
)
# KEYS: as above. ARGV: actor, target, a version. Gives the edge a version above that one.
# Returns the version and the score in `following`, if there is a follow.
_RENEW = Script(
    "follow_renew",
    NEXT_VERSION
    + """
local version = next_version(KEYS[3], tonumber(ARGV[3]))
redis.call('ZADD', KEYS[4], version, ARGV[1] .. ':' .. ARGV[2])
return {string.format('%.0f', version), redis.call('ZSCORE', KEYS[1], ARGV[2])}
""",
    writes=True,
)
# KEYS: followers, users, applied, versions, all of the target's lane. ARGV: actor, target, version,
# score ("": no follow). Returns 1 (added), -1 (removed) or 0 and, if the version is too old to
# decide, the floor.
_MIRROR = Script(
    "follow_mirror",
    ADMIT
    + """
local admitted, floor =
  admit(KEYS[3], KEYS[4], ARGV[1] .. ':' .. ARGV[2], tonumber(ARGV[3]))
if admitted ~= 'new' then return {0, floor} end
if ARGV[4] == '' then return {-redis.call('ZREM', KEYS[1], ARGV[1])} end
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return {0} end
local newest = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
redis.call('ZADD', KEYS[1], math.max(tonumber(ARGV[4]), tonumber(newest or 0) + 1), ARGV[1])
redis.call('SADD', KEYS[2], ARGV[2])
return {1}
""",
    writes=True,
)


class _Edge(NamedTuple):
    """A follow."""

    user_id: int
    target_id: int

    def __str__(self) -> str:
        return f"{self.user_id}:{self.target_id}"

    def truth(self) -> list[str]:
        """Return the keys on the actor's lane."""
        lane = keys.lane(self.user_id)
        return [
            keys.following(self.user_id),
            keys.users(lane),
            keys.versions(lane),
            keys.log(lane),
            keys.apart(self.user_id),
        ]

    def mirror(self) -> list[str]:
        """Return the keys on the target's lane."""
        lane = keys.lane(self.target_id)
        return [
            keys.followers(self.target_id),
            keys.users(lane),
            keys.applied(lane),
            keys.versions(lane),
        ]


class MirroredEdges:
    """Changes follows."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        logs = [keys.log(lane) for lane in range(keys.LANES)]
        self._log = LaneLog(redis, logs, self._replay)

    async def follow(self, user_id: int, target_id: int) -> bool:
        """Add a follow; return whether it is new.

        Raises:
            Forbidden: one of the users blocks the other.
        """
        edge = _Edge(user_id, target_id)
        new, *version = await self._redis.run(_FOLLOW, edge.truth(), edge)
        if version and version[0]:
            await self._mirror(edge, int(version[0]), version[0])
        return added(new)

    async def unfollow(self, user_id: int, target_id: int) -> bool:
        """Remove a follow; return whether it existed."""
        edge = _Edge(user_id, target_id)
        existed, version = await self._redis.run(_UNFOLLOW, edge.truth(), edge)
        if version:
            await self._mirror(edge, int(version), _ABSENT)
        return bool(existed)

    async def repair(self, edges: Sequence[tuple[int, int]]) -> list[int]:
        """Repair `followers` from `following` for edges (actor, target).

        Returns for each edge +1 (a follower was added), -1 (removed) or 0.
        """
        found = await self._redis.execute_many(
            "edges",
            [
                command
                for user_id, target_id in edges
                for command in (
                    ("ZSCORE", keys.following(user_id), target_id),
                    ("ZSCORE", keys.followers(target_id), user_id),
                )
            ],
        )
        differ = [
            (found[2 * at] is None) != (found[2 * at + 1] is None) for at in range(len(edges))
        ]
        changes = iter(
            await asyncio.gather(
                *(
                    self._renew(_Edge(*edge), 0)
                    for edge, wrong in zip(edges, differ, strict=True)
                    if wrong
                )
            )
        )
        return [next(changes) if wrong else 0 for wrong in differ]

    async def complete(self) -> None:
        """Complete, until cancelled, the changes that a crash interrupted."""
        await self._log.watch()

    async def _replay(self, entry: str) -> None:
        user_id, target_id = map(int, entry.split(":"))
        await self._renew(_Edge(user_id, target_id), 0)

    async def _renew(self, edge: _Edge, floor: int, attempts: int = _ATTEMPTS) -> int:
        """Give an edge a version above `floor` and make its mirror; return the mirror's change."""
        version, score = await self._redis.run(_RENEW, edge.truth(), [*edge, floor])
        return await self._mirror(edge, int(version), score or _ABSENT, attempts)

    async def _mirror(
        self, edge: _Edge, version: int, score: str | bytes, attempts: int = _ATTEMPTS
    ) -> int:
        arguments = [*edge, version, score]
        change, *floor = await self._redis.run(_MIRROR, edge.mirror(), arguments)
        if floor and floor[0]:
            if not attempts:
                raise StoreError
            return await self._renew(edge, int(floor[0]), attempts - 1)
        self._log.done(keys.log(keys.lane(edge.user_id)), str(edge), version)
        return int(change)
