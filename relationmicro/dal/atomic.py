"""Follows on one Redis: one script changes both sides of an edge."""

import asyncio
from collections.abc import Sequence

from microkit.storage.redis import Redis, Script
from microkit.storage.sorted_set import NEXT_SCORE
from relationmicro.dal import keys
from relationmicro.dal.block import added

# KEYS: following of the actor, followers of the target, users of both lanes, apart of the actor.
# ARGV: actor, target. Returns 1 if the follow is new, -1 if one blocks the other. `following`
# decides; both sides get one score, unique in each.
_FOLLOW = Script(
    "follow",
    NEXT_SCORE
    + """
if redis.call('ZSCORE', KEYS[5], ARGV[2]) then return -1 end
if redis.call('ZSCORE', KEYS[1], ARGV[2]) then return 0 end
local score = next_score({KEYS[1], KEYS[2]})
redis.call('ZADD', KEYS[1], score, ARGV[2])
redis.call('ZADD', KEYS[2], score, ARGV[1])
redis.call('SADD', KEYS[3], ARGV[1])
redis.call('SADD', KEYS[4], ARGV[2])
return 1
""",
    writes=True,
)
# KEYS: following of the actor, followers of the target. ARGV: actor, target.
# Returns 1 if there was a follow.
_UNFOLLOW = Script(
    "unfollow",
    """
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('ZREM', KEYS[1], ARGV[2])
""",
    writes=True,
)
# KEYS: following of the actor, followers of the target. ARGV: actor, target.
# Repairs `followers`. Returns 1: added, -1: removed, 0: unchanged.
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


class AtomicEdges:
    """Changes follows."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def follow(self, user_id: int, target_id: int) -> bool:
        """Add a follow; return whether it is new.

        Raises:
            Forbidden: one of the users blocks the other.
        """
        script_keys = [
            keys.following(user_id),
            keys.followers(target_id),
            keys.users(keys.lane(user_id)),
            keys.users(keys.lane(target_id)),
            keys.apart(user_id),
        ]
        return added(await self._redis.run(_FOLLOW, script_keys, [user_id, target_id]))

    async def unfollow(self, user_id: int, target_id: int) -> bool:
        """Remove a follow; return whether it existed."""
        script_keys = [keys.following(user_id), keys.followers(target_id)]
        return bool(await self._redis.run(_UNFOLLOW, script_keys, [user_id, target_id]))

    async def repair(self, edges: Sequence[tuple[int, int]]) -> list[int]:
        """Repair `followers` from `following` for edges (actor, target).

        Returns for each edge +1 (a follower was added), -1 (removed) or 0.
        """
        return await asyncio.gather(*(self._repair(*edge) for edge in edges))

    async def _repair(self, user_id: int, target_id: int) -> int:
        script_keys = [keys.following(user_id), keys.followers(target_id)]
        return int(await self._redis.run(_REPAIR, script_keys, [user_id, target_id]))

    async def complete(self) -> None:
        """Return at once: a crash interrupts no script."""
