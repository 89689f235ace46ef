"""Edges whose two sides are in different lanes of a Redis Cluster, where no script reaches both.

1. The truth, on the lane of the one who acts, changes together with an entry of that lane's log.
2. The same request then changes the mirror on the other lane, with an idempotent script.
3. The entry is removed from the log.

What a crash leaves between 1 and 3 is found in the log by every replica of the service and done
again. Each change has a version that grows within its lane: a mirror ignores what is older than
what it has, so the order of the second steps does not matter.

Keys of a lane:

    log       zset  edges whose mirrors may be out of date, by the version of their last change
    applied   zset  the last versions of the edges mirrored here, also of removed ones (tombstones)
    versions  hash  "last": the last version given here; "floor": versions forgotten from `applied`
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from microkit.background import BackgroundTasks
from microkit.errors import Error
from microkit.storage.redis import Lookup, Redis, Script

_log = logging.getLogger(__name__)
_SWEEP_SECONDS: Final = 1.5
_LOG_COUNT: Final = 100
_AT_ONCE: Final = 100

NEXT_VERSION: Final = """
-- A version of this lane: greater than all before and than `above`, about the time in microseconds.
local function next_version(versions, above)
  local now = redis.call('TIME')
  local last = tonumber(redis.call('HGET', versions, 'last') or 0)
  local version = math.max(now[1] * 1000000 + now[2], last + 1, above + 1)
  redis.call('HSET', versions, 'last', string.format('%.0f', version))
  return version
end
"""
"""A Lua function for scripts that change the truth."""

ADMIT: Final = """
-- Returns 'new' if a change is to be applied, 'old' if a newer one was, or 'forgotten' and a floor:
-- whether a newer one was applied is no longer known; give the edge a version above the floor.
local function admit(applied, versions, edge, version)
  local last = redis.call('ZSCORE', applied, edge)
  if last then
    if tonumber(last) >= version then return 'old' end
  else
    local floor = redis.call('HGET', versions, 'floor')
    if floor and version <= tonumber(floor) then return 'forgotten', floor end
  end
  redis.call('ZADD', applied, version, edge)
  if redis.call('ZCARD', applied) > 500 then
    redis.call('HSET', versions, 'floor', redis.call('ZPOPMIN', applied)[2])
  end
  return 'new'
end
"""
"""A Lua function for scripts that change a mirror."""

_LOGGED: Final = Lookup("log", ("ZRANGE", "0", str(_LOG_COUNT - 1), "WITHSCORES"))
# KEYS: the log. ARGV: an edge, its version. Leaves the entry of a newer version.
_DONE: Final = Script(
    "log_done",
    """
if redis.call('ZSCORE', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('ZREM', KEYS[1], ARGV[1]) end
""",
)


class LaneLog:
    """The logs of all lanes of one service.

    Args:
        redis: the cluster.
        logs: the key of each lane's log.
        replay: completes a logged change; called with the entry of the log.
    """

    def __init__(
        self, redis: Redis, logs: Sequence[str], replay: Callable[[str], Awaitable[object]]
    ) -> None:
        self._redis = redis
        self._logs = logs
        self._replay = replay
        self._tasks = BackgroundTasks()

    def done(self, log: str, entry: str, version: int) -> None:
        """Remove an entry in the background, unless it has a newer version.

        If that fails, the change is done again, which changes nothing.
        """
        self._tasks.start(self._remove(log, entry, version))

    async def _remove(self, log: str, entry: str, version: int) -> None:
        with contextlib.suppress(Error):
            await self._redis.run(_DONE, [log], [entry, version])

    async def watch(self) -> None:
        """Complete, until cancelled, what stays in the logs from one look to the next."""
        seen: set[tuple[str, bytes, bytes]] = set()
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            try:
                found = await self._read()
            except Error:
                continue
            left = sorted(entry.decode() for _, entry, _ in found & seen)
            for at in range(0, len(left), _AT_ONCE):
                await asyncio.gather(*map(self._complete, left[at : at + _AT_ONCE]))
            seen = found

    async def _complete(self, entry: str) -> None:
        with contextlib.suppress(Error):
            await self._replay(entry)
            _log.info("completed the change %s, which had been interrupted", entry)

    async def _read(self) -> set[tuple[str, bytes, bytes]]:
        replies = await self._redis.look_up(_LOGGED, self._logs)
        return {
            (log, entry, version)
            for log, flat in zip(self._logs, replies, strict=True)
            for entry, version in zip(flat[::2], flat[1::2], strict=True)
        }
