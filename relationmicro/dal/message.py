"""What people write to each other."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from microkit.storage.redis import Redis, Script
from relationmicro.dal import keys

# A history that is longer is cut at its old end: an answer has to fit into a message of 16 MiB.
MAX_MESSAGES: Final = 10_000
MAX_BYTES: Final = 8 * 2**20
# A message has up to 1,000 characters of up to four bytes each.
_SURELY_FIT: Final = MAX_BYTES // 4000

# Times grow strictly within a chat, so that "after this one" neither repeats nor skips a message.
_SEND = Script(
    "send",
    """
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
if last[2] and tonumber(last[2]) >= ms then ms = tonumber(last[2]) + 1 end
local id = string.format('%.0f', redis.call('INCR', KEYS[2]) * 1024 + ARGV[1])
redis.call('ZADD', KEYS[1], ms, id .. ':' .. ARGV[2] .. ':' .. ARGV[3])
return {id, string.format('%.0f', ms)}
""",
)
_NEWEST = Script(
    "newest",
    """
local newest = {}
for i = 1, #KEYS do newest[i] = redis.call('ZREVRANGE', KEYS[i], 0, 0, 'WITHSCORES') end
return newest
""",
)

# KEYS: the chat. ARGV: the sender, a time, how many messages are looked at, how many bytes are
# returned. Newest first and in parts: what the receiver wrote since is skipped here.
_RECEIVED = Script(
    "received",
    """
local at = redis.call('ZCARD', KEYS[1]) - 1
local stop = math.max(redis.call('ZCOUNT', KEYS[1], '-inf', ARGV[2]), at + 1 - ARGV[3])
local found, bytes = {}, 0
while at >= stop do
  local from = math.max(stop, at - 199)
  local part = redis.call('ZRANGE', KEYS[1], from, at, 'WITHSCORES')
  for i = #part - 1, 1, -2 do
    if string.match(part[i], '^%d+:(%d+):') == ARGV[1] then
      bytes = bytes + #part[i]
      if bytes > tonumber(ARGV[4]) then return found end
      found[#found + 1] = part[i]
      found[#found + 1] = part[i + 1]
    end
  end
  at = from - 1
end
return found
""",
)


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

    async def send(self, sender_id: int, receiver_id: int, content: str) -> MessageRow:
        """Store a message and return it."""
        touched = [keys.chat(sender_id, receiver_id), keys.message_id(sender_id, receiver_id)]
        lane = keys.lane(min(sender_id, receiver_id))
        message_id, ms = await self._redis.run(_SEND, touched, [lane, sender_id, content])
        return MessageRow(int(message_id), sender_id, receiver_id, content, int(ms))

    async def between(self, one: int, other: int) -> list[MessageRow]:
        """Return what the two wrote to each other, oldest first."""
        flat = await self._redis.execute(
            "ZRANGE", keys.chat(one, other), -MAX_MESSAGES, -1, "WITHSCORES"
        )
        return _recent(_rows(flat, one, other))

    async def received(self, receiver_id: int, sender_id: int, after_ms: int) -> list[MessageRow]:
        """Return what one got from the other strictly after a time, oldest first.

        Of the newest messages of the chat: those that `between` would return.
        """
        chat = keys.chat(receiver_id, sender_id)
        arguments = [sender_id, after_ms, MAX_MESSAGES, MAX_BYTES]
        flat = await self._redis.run(_RECEIVED, [chat], arguments)
        return _rows(flat, receiver_id, sender_id)[::-1]

    async def newest(self, user_id: int, others: Sequence[int]) -> dict[int, MessageRow]:
        """Return the newest message with each of `others` with whom there is any."""
        if not others:
            return {}
        chats = [keys.chat(user_id, other) for other in others]
        found = await self._redis.run(_NEWEST, chats, [])
        return {
            other: _rows(flat, user_id, other)[0]
            for other, flat in zip(others, found, strict=True)
            if flat
        }


def _rows(flat: Sequence[Any], one: int, other: int) -> list[MessageRow]:
    rows = []
    for member, score in zip(flat[::2], flat[1::2], strict=True):
        message_id, sender, content = member.split(b":", 2)
        sender_id = int(sender)
        receiver_id = other if sender_id == one else one
        rows.append(
            MessageRow(int(message_id), sender_id, receiver_id, content.decode(), int(float(score)))
        )
    return rows


def _recent(rows: list[MessageRow]) -> list[MessageRow]:
    """Return the newest of `rows` that fit into a message."""
    if len(rows) <= _SURELY_FIT:
        return rows
    return _first(rows[::-1])[::-1]


def _first(rows: list[MessageRow]) -> list[MessageRow]:
    """Return the first of `rows` that fit into a message."""
    if len(rows) <= _SURELY_FIT:
        return rows
    size = 0
    for at, row in enumerate(rows):
        size += len(row.content.encode())
        if size > MAX_BYTES:
            return rows[:at]
    return rows
