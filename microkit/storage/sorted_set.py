"""Pages of Redis' sorted sets, highest score first."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from microkit.paging import NEWEST, Page
from microkit.storage.redis import Redis, Script

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

# KEYS: sorted sets. ARGV: of each the greatest score ("(5": below 5) and the number of members.
# Returns for each the next cursor and the members. All members of the last score are in the page,
# because the next page begins below it. Scores are read only where they are needed: Redis takes
# longer to print one than to find it.
_PAGES: Final = Script(
    "pages",
    """
-- Sets from before scores were unique may contain equal ones.
local EQUAL, pages = 1000, {}
for i = 1, #KEYS do
  local key, count = KEYS[i], tonumber(ARGV[2 * i])
  local page = redis.call(
    'ZREVRANGEBYSCORE', key, ARGV[2 * i - 1], '-inf', 'LIMIT', 0, count + 1)
  local last = '0'
  if #page > count then
    last = redis.call('ZSCORE', key, page[count])
    local equal = redis.call('ZREVRANGEBYSCORE', key, last, last, 'LIMIT', 0, EQUAL)
    local first = count
    while first > 1 and page[first] ~= equal[1] do first = first - 1 end
    page[count + 1] = nil
    for j = 1, #equal do page[first + j - 1] = equal[j] end
  end
  pages[2 * i - 1], pages[2 * i] = last, page
end
return pages
""",
)


def below(cursor: int) -> str:
    """Return the upper end of the score range of a page that starts below `cursor`."""
    return "+inf" if cursor == NEWEST else f"({cursor}"


async def read_pages(redis: Redis, pages: Sequence[tuple[str, int, int]]) -> list[Page[int]]:
    """Return a page of each (key, cursor, count): up to `count` ids with scores below `cursor`.

    Members of equal score are never split: a page of old data may be longer.

    Raises:
        StoreError: Redis failed.
    """
    if not pages:
        return []
    if redis.is_cluster:  # each list may be on another node
        read = await asyncio.gather(*(_read(redis, [page]) for page in pages))
        return [page for (page,) in read]
    return await _read(redis, pages)


async def _read(redis: Redis, pages: Sequence[tuple[str, int, int]]) -> list[Page[int]]:
    keys = [key for key, _, _ in pages]
    arguments = [part for _, cursor, count in pages for part in (below(cursor), count)]
    flat = await redis.run(_PAGES, keys, arguments)
    return [
        Page(list(map(int, members)), number(cursor))
        for cursor, members in zip(flat[::2], flat[1::2], strict=True)
    ]


async def read_page(redis: Redis, key: str, cursor: int, count: int) -> Page[int]:
    """Return one page; see `read_pages`."""
    (page,) = await read_pages(redis, [(key, cursor, count)])
    return page


def number(text: Any) -> int:
    """Parse a score as an integer; Redis writes large ones like ``1e+16``."""
    return int(text) if text.isdigit() else int(float(text))
