"""Pages of Redis' sorted sets, highest score first."""

from typing import Any, Final

from microkit.paging import NEWEST, Page
from microkit.storage.redis import Redis, Script

# Sets from before scores were unique may contain equal ones.
_MAX_EQUAL: Final = 1000

NEXT_SCORE: Final = """
-- The time in microseconds, raised above the highest score of the given sorted sets.
local function next_score(sets)
  local now = redis.call('TIME')
  local score = now[1] * 1000000 + now[2]
  for _, key in ipairs(sets) do
    local newest = redis.call('ZREVRANGE', key, 0, 0, 'WITHSCORES')[2]
    if newest then score = math.max(score, tonumber(newest) + 1) end
  end
  return score
end
"""
"""A Lua function for scripts that add members: scores are unique, also if the clock is set back."""

# KEYS: the sorted set. ARGV: the greatest score ("(5": below 5), members, members of equal score.
# Returns the next cursor and the members. All members of the last score are in the page, because
# the next page begins below it.
_PAGE: Final = Script(
    "page",
    """
local count = tonumber(ARGV[2])
local found = redis.call(
  'ZREVRANGEBYSCORE', KEYS[1], ARGV[1], '-inf', 'WITHSCORES', 'LIMIT', 0, count + 1)
local last = found[2 * count + 2] and found[2 * count]
local page = {last or '0'}
for i = 1, math.min(#found, 2 * count), 2 do
  if found[i + 1] ~= last then page[#page + 1] = found[i] end
end
if last then
  local equal = redis.call('ZREVRANGEBYSCORE', KEYS[1], last, last, 'LIMIT', 0, ARGV[3])
  for i = 1, #equal do page[#page + 1] = equal[i] end
end
return page
""",
)


def below(cursor: int) -> str:
    """Return the upper end of the score range of a page that starts below `cursor`."""
    return "+inf" if cursor == NEWEST else f"({cursor}"


async def read_page(redis: Redis, key: str, cursor: int, count: int) -> Page[int]:
    """Return up to `count` members, which are ids, with scores below `cursor`.

    Members of equal score are never split: a page of old data may be longer.

    Raises:
        StoreError: Redis failed.
    """
    next_cursor, *members = await redis.run(_PAGE, [key], [below(cursor), count, _MAX_EQUAL])
    return Page(list(map(int, members)), number(next_cursor))


def number(text: Any) -> int:
    """Parse a score as an integer; Redis writes large ones like ``1e+16``."""
    return int(text) if text.isdigit() else int(float(text))
