"""Stores a message, and moves its chat to the top of both inboxes.

On one Redis this is one script. On a cluster the truth is the chat, on the lane of the smaller id,
together with the inbox of that user. The inbox of the other one is a mirror on another lane; see
`microkit.storage.lanes`. It needs no versions: the time of a chat only grows, and the mirror keeps
the greatest that it was told.
"""

from typing import Final

from microkit.storage.lanes import LaneLog
from microkit.storage.pipeline import Argument
from microkit.storage.redis import Redis, Script
from relationmicro.dal import keys
from relationmicro.dal.block import added

# KEYS: the chat; the lane's message counter; an inbox of the lane; the other inbox or, if that is
# on another lane, the log of inboxes; `apart` of the owner of the first inbox.
# ARGV: lane, sender, content, and what the first and the second of these two get.
# Returns id and time (ms); id -1: one of the users blocks the other.
# Times increase strictly within a chat, so that a poll by time neither repeats nor skips a message.
_SEND = Script(
    "send",
    """
if redis.call('ZSCORE', KEYS[5], ARGV[4]) then return {-1, 0} end
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
if last[2] and tonumber(last[2]) >= ms then ms = tonumber(last[2]) + 1 end
local id = string.format('%.0f', redis.call('INCR', KEYS[2]) * 1024 + ARGV[1])
redis.call('ZADD', KEYS[1], ms, id .. ':' .. ARGV[2] .. ':' .. ARGV[3])
redis.call('ZADD', KEYS[3], ms, ARGV[4])
redis.call('ZADD', KEYS[4], ms, ARGV[5])
return {id, string.format('%.0f', ms)}
""",
    writes=True,
)
# KEYS: an inbox. ARGV: time (ms), the other user. Doing it twice, or late, changes nothing.
_RAISE: Final = Script(
    "inbox_mirror", "return redis.call('ZADD', KEYS[1], 'GT', 'CH', ARGV[1], ARGV[2])", writes=True
)


class AtomicDelivery:
    """Delivers messages on one Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def send(self, sender_id: int, receiver_id: int, content: str) -> tuple[int, int]:
        """Store a message; return its id and time (ms).

        Raises:
            Forbidden: one of the users blocks the other.
        """
        script_keys = [
            keys.chat(sender_id, receiver_id),
            keys.message_id(sender_id, receiver_id),
            keys.inbox(sender_id),
            keys.inbox(receiver_id),
            keys.apart(sender_id),
        ]
        lane = keys.lane(min(sender_id, receiver_id))
        arguments: list[Argument] = [lane, sender_id, content, receiver_id, sender_id]
        message_id, ms = await self._redis.run(_SEND, script_keys, arguments)
        added(int(message_id))
        return int(message_id), int(ms)

    async def complete(self) -> None:
        """Return at once: a crash interrupts no script."""


class MirroredDelivery:
    """Delivers messages on a cluster."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._atomic = AtomicDelivery(redis)
        logs = [keys.inbox_log(lane) for lane in range(keys.LANES)]
        self._log = LaneLog(redis, logs, self._replay)

    async def send(self, sender_id: int, receiver_id: int, content: str) -> tuple[int, int]:
        """Store a message; return its id and time (ms).

        Raises:
            Forbidden: one of the users blocks the other.
        """
        small, large = sorted((sender_id, receiver_id))
        lane = keys.lane(small)
        if lane == keys.lane(large):
            return await self._atomic.send(sender_id, receiver_id, content)
        script_keys = [
            keys.chat(small, large),
            keys.message_id(small, large),
            keys.inbox(small),
            keys.inbox_log(lane),
            keys.apart(small),
        ]
        entry = f"{small}:{large}"
        arguments: list[Argument] = [lane, sender_id, content, large, entry]
        message_id, ms = await self._redis.run(_SEND, script_keys, arguments)
        added(int(message_id))
        await self._redis.run(_RAISE, [keys.inbox(large)], [ms, small])
        self._log.done(keys.inbox_log(lane), entry, int(ms))
        return int(message_id), int(ms)

    async def complete(self) -> None:
        """Complete, until cancelled, the changes that a crash interrupted."""
        await self._log.watch()

    async def _replay(self, entry: str) -> None:
        small, large = map(int, entry.split(":"))
        newest = await self._redis.execute("ZREVRANGE", keys.chat(small, large), 0, 0, "WITHSCORES")
        if newest:
            ms = int(float(newest[1]))
            await self._redis.run(_RAISE, [keys.inbox(large)], [ms, small])
            self._log.done(keys.inbox_log(keys.lane(small)), entry, ms)
