"""Inboxes: the conversations of a user, and how far the user has read them.

What is unread is counted when an inbox is read, from the newest message back to what the user has
read or answered, so that sending a message costs no counter.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, NamedTuple

from microkit.batch import parts
from microkit.errors import Error
from microkit.paging import Page
from microkit.storage.redis import Redis, Script
from microkit.storage.sorted_set import below, number
from relationmicro.dal import keys
from relationmicro.dal.message import MessageRow, rows

_log = logging.getLogger(__name__)

INBOX_PAGE: Final = 50
"""Conversations of a page, if the caller does not say how many."""
MAX_UNREAD: Final = 100
"""Unread messages of a conversation are counted up to this number."""
_CHATS: Final = 20  # of one script
_AT_ONCE: Final = 100

# KEYS: the reader's inbox, `apart` and marks. ARGV: the greatest score ("(5": below 5), the number
# of conversations. Returns the next cursor, then of each conversation the other user and the time
# up to which it is read. Leaves out whom the reader blocks: it reads up to 1,000 members more than
# it returns, as many as can be blocked. Chats of equal time are on one page.
_PAGE = Script(
    "inbox",
    """
local CHUNK, count, rank = 100, tonumber(ARGV[2]), 0
local some = redis.call('EXISTS', KEYS[2]) == 1
local others, times, cursor = {}, {}, '0'
if ARGV[1] ~= '+inf' then rank = redis.call('ZCOUNT', KEYS[1], string.sub(ARGV[1], 2), '+inf') end
local function is_blocked(other)
  local flags = some and redis.call('ZSCORE', KEYS[2], other)
  return flags and tonumber(flags) % 2 == 1
end
repeat
  local found = redis.call('ZREVRANGE', KEYS[1], rank, rank + CHUNK - 1, 'WITHSCORES')
  for i = 1, #found, 2 do
    if #others >= count and found[i + 1] ~= times[#times] then
      cursor = times[#times]
      break
    end
    if not is_blocked(found[i]) then
      others[#others + 1], times[#times + 1] = found[i], found[i + 1]
    end
  end
  rank = rank + CHUNK
until cursor ~= '0' or #found < 2 * CHUNK
local page = {cursor}
if #others == 0 then return page end
local marks = redis.call('HMGET', KEYS[3], unpack(others))
for i = 1, #others do page[2 * i], page[2 * i + 1] = others[i], marks[i] or '0' end
return page
""",
)
# KEYS: chats. ARGV: the reader, of each chat the time up to which it is read.
# Returns of each chat the newest message, its time, and the number of unread ones. Reads up to 100
# messages of each in chunks of 20, and at most 1 MiB of them all.
_TAILS = Script(
    "tails",
    """
local CHUNK, MOST, room = 20, 100, 2^20
local tails = {}
local function is_own(message) return string.match(message, '^%d+:(%d+):') == ARGV[1] end
local function unread(chat, read)
  local count = 0
  while count < MOST and room > 0 do
    local found =
      redis.call('ZREVRANGEBYSCORE', chat, '+inf', '(' .. read, 'LIMIT', count, CHUNK)
    for _, message in ipairs(found) do
      if is_own(message) then return count end
      room, count = room - #message, count + 1
    end
    if #found < CHUNK then break end
  end
  return count
end
for i = 1, #KEYS do
  local newest = redis.call('ZREVRANGE', KEYS[i], 0, 0, 'WITHSCORES')
  local read, count = ARGV[i + 1], 0
  if newest[2] and tonumber(newest[2]) > tonumber(read) then count = unread(KEYS[i], read) end
  tails[3 * i - 2], tails[3 * i - 1], tails[3 * i] = newest[1] or '', newest[2] or '0', count
end
return tails
""",
)
# KEYS: the reader's inbox and marks. ARGV: the other user, a time (ms). Returns 1 if it is new.
# Only a conversation has a mark, up to its newest message, so that marks do not fill the memory.
_MARK = Script(
    "mark_read",
    """
local newest = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not newest then return 0 end
local read = math.min(tonumber(newest), tonumber(ARGV[2]))
if read <= tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or 0) then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], string.format('%.0f', read))
return 1
""",
    writes=True,
)
# KEYS: the reader's inbox and marks. ARGV: time (ms), the other user. Adds a conversation from
# before there were inboxes, as read. Returns 1 if it was missing.
_ADOPT = Script(
    "adopt_chat",
    """
local added = redis.call('ZADD', KEYS[1], 'NX', ARGV[1], ARGV[2])
if added == 1 then redis.call('HSETNX', KEYS[2], ARGV[2], ARGV[1]) end
return added + redis.call('ZADD', KEYS[1], 'XX', 'GT', 'CH', ARGV[1], ARGV[2])
""",
    writes=True,
)


class Conversation(NamedTuple):
    """A chat with a user: its newest message, and how many are unread (up to `MAX_UNREAD`)."""

    user_id: int
    newest: MessageRow
    unread: int


class Inboxes:
    """The inboxes in one Redis or in a cluster."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def page(self, user_id: int, cursor: int, count: int) -> Page[Conversation]:
        """Return a page of a user's conversations with people not blocked, the newest first.

        A conversation that gets a message while the pages are read is on the first one, when that
        is read again.
        """
        script_keys = [keys.inbox(user_id), keys.apart(user_id), keys.read(user_id)]
        next_cursor, *flat = await self._redis.run(_PAGE, script_keys, [below(cursor), count])
        asked = [(int(o), int(mark)) for o, mark in zip(flat[::2], flat[1::2], strict=True)]
        return Page(await self._conversations(user_id, asked), number(next_cursor))

    async def mark_read(self, user_id: int, other: int, until_ms: int) -> bool:
        """Mark a user's conversation as read up to a time; return whether that is new."""
        script_keys = [keys.inbox(user_id), keys.read(user_id)]
        return bool(await self._redis.run(_MARK, script_keys, [other, until_ms]))

    async def adopt(self) -> AsyncIterator[tuple[int, int]]:
        """Add all chats to the inboxes of both users; yield (owner, other) for each missing one.

        Chats from before there were inboxes count as read.
        """
        async for found in self._redis.find("relation:{*}:chat:*"):
            for part in parts(found, _AT_ONCE):
                for added in await asyncio.gather(*map(self._adopt, part)):
                    for each in added:
                        yield each

    async def adopt_once(self) -> None:
        """Add all chats to the inboxes, unless that was done before."""
        if await self._redis.execute("GET", keys.inboxes()) is None:
            async for _ in self.adopt():
                pass
            await self._redis.execute("SET", keys.inboxes(), 1)

    async def complete(self) -> None:
        """Add the chats from before there were inboxes; a failure is logged."""
        try:
            await self.adopt_once()
        except Error as error:
            _log.warning("old chats are missing in inboxes (run recount): %s", error.message)

    async def _adopt(self, chat: str) -> list[tuple[int, int]]:
        one, other = map(int, chat.rsplit(":", 2)[1:])
        newest = await self._redis.execute("ZREVRANGE", chat, 0, 0, "WITHSCORES")
        if not newest:
            return []
        time = number(newest[1])
        return [
            (owner, user)
            for owner, user in ((one, other), (other, one))
            if await self._redis.run(_ADOPT, [keys.inbox(owner), keys.read(owner)], [time, user])
        ]

    async def _conversations(
        self, user_id: int, asked: Sequence[tuple[int, int]]
    ) -> list[Conversation]:
        # On a cluster each chat may be on another node.
        size = 1 if self._redis.is_cluster else _CHATS
        tails = await asyncio.gather(
            *(self._tails(user_id, asked[at : at + size]) for at in range(0, len(asked), size))
        )
        return [each for tail in tails for each in tail]

    async def _tails(self, user_id: int, asked: Sequence[tuple[int, int]]) -> list[Conversation]:
        chats = [keys.chat(user_id, other) for other, _ in asked]
        flat: list[Any] = await self._redis.run(_TAILS, chats, [user_id, *(m for _, m in asked)])
        columns = zip(asked, flat[::3], flat[1::3], flat[2::3], strict=True)
        return [
            Conversation(other, newest, unread)
            for (other, _), member, score, unread in columns
            for newest in (rows([member, score], user_id, other) if member else ())
        ]
