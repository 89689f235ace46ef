"""Blocks in Redis.

`apart` has both sides of each block, so that one look at one's own key tells what is hidden, and a
follow and a message check it on the lane where they are written.

The two sides are on different lanes. `blocked` decides: after each change the side of the target is
written until it agrees with what `blocked` says after that, so that of racing blocks and unblocks
the last writer corrects the others. What a crash leaves is repaired by repeating the block or
unblock, or by `repair`. A block writes the target's side first, because then it protects already.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from microkit.errors import Forbidden
from microkit.paging import Page
from microkit.storage.redis import Redis, Script
from microkit.storage.sorted_set import NEXT_SCORE, read_page
from relationmicro.dal import keys

MAX_BLOCKED: Final = 1000
_THEIRS: Final = 2

_MARK: Final = """
local function mark(key, other, bit, on)
  local flags = tonumber(redis.call('ZSCORE', key, other) or 0)
  local has = math.floor(flags / bit) % 2
  if has == on then return 0 end
  flags = flags + (on - has) * bit
  if flags == 0 then redis.call('ZREM', key, other) else redis.call('ZADD', key, flags, other) end
  return 1
end
"""
# KEYS: apart. ARGV: the other user, the bit, 1 to set and 0 to clear it. Returns 1 if it changed.
_SET = Script(
    "mark_apart",
    _MARK + "return mark(KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]))",
    writes=True,
)
# KEYS: blocked and apart of the actor. ARGV: the target, the maximum. Returns 1: blocked, 0: it was
# already, -1: there are as many as allowed.
_BLOCK = Script(
    "block",
    NEXT_SCORE
    + _MARK
    + """
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return -1 end
redis.call('ZADD', KEYS[1], next_score({KEYS[1]}), ARGV[1])
mark(KEYS[2], ARGV[1], 1, 1)
return 1
""",
    writes=True,
)
# KEYS: as above. ARGV: the target. Returns 1 if it was blocked.
_UNBLOCK = Script(
    "unblock",
    _MARK + "mark(KEYS[2], ARGV[1], 1, 0) return redis.call('ZREM', KEYS[1], ARGV[1])",
    writes=True,
)


def added(reply: int) -> bool:
    """Return whether a script added something.

    Raises:
        Forbidden: it replied -1: one of two users blocks the other.
    """
    if reply < 0:
        raise Forbidden("你们之间有拉黑，不能这样做")
    return bool(reply)


class Blocks:
    """The blocks in one Redis or in a cluster."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def block(self, user_id: int, target_id: int) -> bool:
        """Block a user; return whether it is new.

        Raises:
            Forbidden: the user blocks `MAX_BLOCKED` others.
        """
        await self._mark(target_id, user_id, _THEIRS, on=True)
        script_keys = [keys.blocked(user_id), keys.apart(user_id)]
        blocked = await self._redis.run(_BLOCK, script_keys, [target_id, MAX_BLOCKED])
        await self._settle(user_id, target_id)
        if blocked < 0:
            raise Forbidden(f"最多拉黑 {MAX_BLOCKED} 人")
        return bool(blocked)

    async def unblock(self, user_id: int, target_id: int) -> bool:
        """Unblock a user; return whether it was blocked."""
        script_keys = [keys.blocked(user_id), keys.apart(user_id)]
        unblocked = await self._redis.run(_UNBLOCK, script_keys, [target_id])
        await self._settle(user_id, target_id)
        return bool(unblocked)

    async def blocked(self, user_id: int, cursor: int, count: int) -> Page[int]:
        """Return a page of the users that the user blocks, newest first."""
        return await read_page(self._redis, keys.blocked(user_id), cursor, count)

    async def apart(self, viewer: int, user_ids: Sequence[int]) -> list[int]:
        """Return those of `user_ids` who block the viewer or whom the viewer blocks."""
        if not viewer or not user_ids:
            return []
        flags = await self._redis.execute("ZMSCORE", keys.apart(viewer), *user_ids)
        return [each for each, flag in zip(user_ids, flags, strict=True) if flag is not None]

    async def repair(self) -> AsyncIterator[tuple[int, int]]:
        """Have the sides of all targets agree with `blocked`; yield (user, target) of each change.

        A block or unblock that is not complete yet may be among them; it ends as it should.
        """
        async for user, target, _ in self._members("blocked"):
            if await self._settle(user, target):
                yield user, target
        async for target, user, flags in self._members("apart"):
            if flags & _THEIRS and await self._settle(user, target):
                yield user, target

    async def _members(self, kind: str) -> AsyncIterator[tuple[int, int, int]]:
        """Yield owner, member and score of all sorted sets of a kind."""
        async for found in self._redis.find(f"relation:{{*}}:{kind}:*"):
            for key in found:
                owner = int(key.rpartition(":")[2])
                async for batch in self._redis.scan("ZSCAN", key):
                    for member, score in zip(batch[::2], batch[1::2], strict=True):
                        yield owner, int(member), int(score)

    async def _settle(self, user_id: int, target_id: int) -> bool:
        """Have the target's side agree with `blocked`; return whether it changed."""
        changed, before = False, None
        while (blocked := await self._has(user_id, target_id)) is not before:
            changed |= await self._mark(target_id, user_id, _THEIRS, on=blocked)
            before = blocked
        return changed

    async def _has(self, user_id: int, target_id: int) -> bool:
        return await self._redis.execute("ZSCORE", keys.blocked(user_id), target_id) is not None

    async def _mark(self, user_id: int, other: int, bit: int, *, on: bool) -> bool:
        return bool(await self._redis.run(_SET, [keys.apart(user_id)], [other, bit, int(on)]))
