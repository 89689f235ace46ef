"""Messages in Redis."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from microkit.paging import END, Page
from microkit.storage.redis import Lookup, Redis, Script
from microkit.storage.sorted_set import below, number
from relationmicro.dal import keys
from relationmicro.dal.delivery import AtomicDelivery, MirroredDelivery

MAX_MESSAGES: Final = 1000
"""Maximum messages of a page."""
MAX_BYTES: Final = 2**20
"""Maximum UTF-8 bytes of a page: a phone on a slow network loads them in a few seconds."""
_POLL_SCRIPTS: Final = 50
_FEW: Final = 32

# KEYS: the chat. ARGV: the maximum time ("(5": before 5), maximum messages, maximum bytes.
# Returns the next cursor, then members and times, newest first. Reads in chunks of 100, so little
# more than it returns.
_HISTORY = Script(
    "history",
    """
local CHUNK, count, room = 100, tonumber(ARGV[2]), tonumber(ARGV[3])
local page, rank = {'0'}, 0
-- The number of messages at or after the cursor.
if ARGV[1] ~= '+inf' then rank = redis.call('ZCOUNT', KEYS[1], string.sub(ARGV[1], 2), '+inf') end
repeat
  local found = redis.call('ZREVRANGE', KEYS[1], rank, rank + CHUNK - 1, 'WITHSCORES')
  for i = 1, #found, 2 do
    room = room - #found[i]
    if #page > 2 * count or (room < 0 and #page > 1) then
      page[1] = page[#page]
      return page
    end
    page[#page + 1], page[#page + 2] = found[i], found[i + 1]
  end
  rank = rank + CHUNK
until #found < 2 * CHUNK
return page
""",
)
# KEYS: the chat. ARGV: the time to start after, the sender, maximum messages, maximum bytes.
# Returns the next cursor, then members and times of this sender, oldest first. Reads at most 5,000
# members, in chunks of 200.
_RECEIVED = Script(
    "received",
    """
local CHUNK, STEPS = 200, 5000
local count, room = tonumber(ARGV[3]), tonumber(ARGV[4])
local page, rank, last = {'0'}, redis.call('ZCOUNT', KEYS[1], '-inf', ARGV[1]), ARGV[1]
local stop = rank + STEPS
repeat
  local found = redis.call('ZRANGE', KEYS[1], rank, rank + CHUNK - 1, 'WITHSCORES')
  for i = 1, #found, 2 do
    if string.match(found[i], '^%d+:(%d+):') == ARGV[2] then
      room = room - #found[i]
      if #page > 2 * count or (room < 0 and #page > 1) then
        page[1] = last
        return page
      end
      page[#page + 1], page[#page + 2] = found[i], found[i + 1]
    end
    last = found[i + 1]
  end
  rank = rank + CHUNK
  if rank >= stop and #found > 0 then
    page[1] = last
    return page
  end
until #found < 2 * CHUNK
return page
""",
)
# The newest member of each chat and its time.
_NEWEST = Lookup("newest", ("ZREVRANGE", "0", "0", "WITHSCORES"))


class MessageRow(NamedTuple):
    """A message; `time_ms` since 1970."""

    id: int
    sender_id: int
    receiver_id: int
    content: str
    time_ms: int


class Messages:
    """The chats in one Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._delivery = MirroredDelivery(redis) if redis.is_cluster else AtomicDelivery(redis)

    async def complete(self) -> None:
        """Complete, until cancelled, the changes that a crash interrupted; for a cluster."""
        await self._delivery.complete()

    async def send(self, sender_id: int, receiver_id: int, content: str) -> MessageRow:
        """Store a message and return it; the chat is the newest in the inboxes of both.

        Raises:
            Forbidden: one of the users blocks the other.
        """
        message_id, ms = await self._delivery.send(sender_id, receiver_id, content)
        return MessageRow(message_id, sender_id, receiver_id, content, ms)

    async def between(self, one: int, other: int, cursor: int, count: int) -> Page[MessageRow]:
        """Return up to `count` messages of the chat before `cursor`, the newest of them.

        They are in the order of their times, oldest first, and have up to `MAX_BYTES`. The next
        page has older ones.
        """
        next_cursor, *flat = await self._redis.run(
            _HISTORY, [keys.chat(one, other)], [below(cursor), count, MAX_BYTES]
        )
        return Page(rows(flat, one, other)[::-1], number(next_cursor))

    async def received(
        self, receiver_id: int, sender_id: int, after_ms: int, count: int
    ) -> Page[MessageRow]:
        """Return up to `count` messages from the sender strictly after a time, the oldest of them.

        They are oldest first and have up to `MAX_BYTES`. `next_cursor` is the time after which the
        next page begins; a page may be empty before the last one, if the receiver sent very many
        messages in between.
        """
        chat = keys.chat(receiver_id, sender_id)
        # Most polls find nothing or a few messages: one command, a third of a script's cost.
        new = await self._redis.execute(
            "ZRANGEBYSCORE", chat, f"({after_ms}", "+inf", "WITHSCORES", "LIMIT", 0, _FEW
        )
        if len(new) < 2 * min(_FEW, count):
            found = rows(new, receiver_id, sender_id)
            return Page([row for row in found if row.sender_id == sender_id], END)
        for _ in range(_POLL_SCRIPTS):
            arguments = [after_ms, sender_id, count, MAX_BYTES]
            next_cursor, *flat = await self._redis.run(_RECEIVED, [chat], arguments)
            after_ms = number(next_cursor)
            if flat or after_ms == END:
                break
        return Page(rows(flat, receiver_id, sender_id), after_ms)

    async def newest(self, user_id: int, others: Sequence[int]) -> dict[int, MessageRow]:
        """Return the newest message with each of `others`, if there is one."""
        if not others:
            return {}
        chats = [keys.chat(user_id, other) for other in others]
        found = await self._redis.look_up(_NEWEST, chats)
        return {
            other: rows(flat, user_id, other)[0]
            for other, flat in zip(others, found, strict=True)
            if flat
        }


def rows(flat: Sequence[Any], one: int, other: int) -> list[MessageRow]:
    """Return the messages of a chat of two users from members and their times."""
    found = []
    for member, score in zip(flat[::2], flat[1::2], strict=True):
        message_id, sender, content = member.split(b":", 2)
        sender_id = int(sender)
        receiver_id = other if sender_id == one else one
        found.append(
            MessageRow(int(message_id), sender_id, receiver_id, content.decode(), int(float(score)))
        )
    return found
