"""Token buckets in Redis, each changed by one script: exact, however many processes take tokens.

A bucket is one number, the time at which it is full again, as in GCRA. Redis' clock decides, and a
full bucket has no key.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, NamedTuple, TypeVar

from microkit.cache import Cache
from microkit.errors import Error
from microkit.storage.pipeline import Argument
from microkit.storage.redis import Redis, Script

_log = logging.getLogger(__name__)

_MICROSECONDS_A_MINUTE: Final = 60_000_000
_OFF: Final = "off"
_PROBE_SECONDS: Final = 5.0
# A lease is a compromise: larger ones ask Redis less often, smaller ones leave less unused in a
# process that the owner's next request does not reach.
_MAX_LEASE: Final = 64
_LEASES_OF_BURST: Final = 10
_LEASE_SECONDS: Final = 10.0
_LEASE_CACHE_SIZE: Final = 20_000
_LEASE_CACHE_SECONDS: Final = 3600.0
_MAX_REFUSAL_SECONDS: Final = 1.0

K = TypeVar("K", bound=int | str)

BUCKETS: Final = """
local function open(key, burst, interval, returned)
  local time = redis.call('TIME')
  local now, span = time[1] * 1000000 + time[2], burst * interval
  local full = tonumber(redis.call('GET', key) or now)
  full = math.max(math.min(full, now + span) - returned * interval, now)
  local free = math.floor((now + span - full) / interval)
  return {key = key, now = now, full = full, interval = interval, free = free,
    wait = full + interval - now - span}
end
local function take(bucket, count)
  local full = bucket.full + count * bucket.interval
  if full > bucket.now then
    local ms = math.ceil((full - bucket.now) / 1000)
    redis.call('SET', bucket.key, string.format('%.0f', full), 'PX', ms)
  else
    redis.call('DEL', bucket.key)
  end
end
"""
"""Lua: `open` reads a bucket and puts `returned` tokens back, `take` takes tokens and stores it.

Times are in microseconds. `free` is the number of its tokens, `wait` the time until there is one.
"""

# KEYS: bucket. ARGV: burst, interval, wanted, returned. Returns the number of granted tokens, and
# the wait if it is 0.
_TAKE = Script(
    "take_tokens",
    BUCKETS
    + """
local bucket = open(KEYS[1], ARGV[1], ARGV[2], ARGV[4])
local granted = math.min(tonumber(ARGV[3]), bucket.free)
if granted > 0 or tonumber(ARGV[4]) > 0 then take(bucket, granted) end
return {granted, bucket.wait}
""",
)


class Rate(NamedTuple):
    """A limit: `burst` actions at once, `per_minute` in the long run."""

    burst: int
    per_minute: int

    @classmethod
    def parse(cls, text: str) -> "Rate | None":
        """Parse ``BURST:PER_MINUTE``; None for ``off``."""
        if text == _OFF:
            return None
        burst, per_minute = map(int, text.split(":"))
        return cls(burst, per_minute)

    @property
    def arguments(self) -> tuple[int, int]:
        """The burst, and the microseconds until a taken token is back: arguments of scripts."""
        return self.burst, -(-_MICROSECONDS_A_MINUTE // self.per_minute)


class LimitStore:
    """Runs scripts of limits. A Redis that fails does not stop the system: its limits end.

    After a failure one call per `probe_seconds` of `clock` asks Redis; the others do not wait.
    """

    def __init__(
        self,
        redis: Redis,
        probe_seconds: float = _PROBE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis
        self._probe_seconds = probe_seconds
        self._clock = clock
        self._down_until: float | None = None

    async def run(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]
    ) -> Any | None:
        """Run a script and return its reply; None while Redis does not answer."""
        if self._down_until is not None:
            if self._clock() < self._down_until:
                return None
            self._down_until = self._clock() + self._probe_seconds
        try:
            reply = await self._redis.run(script, keys, arguments)
        except Error as error:
            self._down_until = self._clock() + self._probe_seconds
            _log.warning("no rate limits: redis: %s", error.message)
            return None
        self._down_until = None
        return reply


class _Lease:
    """Tokens that this process holds for one owner."""

    __slots__ = ("asks_again", "next_token", "size", "tokens", "until")

    def __init__(self) -> None:
        self.tokens = 0
        self.size = 1
        self.until = 0.0
        # After a refusal: when there is a token, and when Redis is asked again at the latest.
        self.next_token = 0.0
        self.asks_again = 0.0


class Buckets(Generic[K]):
    """One bucket per owner, from which this process takes tokens in leases.

    A lease is one token at first, and twice as large each time it is used up within
    `lease_seconds`. The tokens of all processes together never exceed the limit, because leased
    tokens are out of the bucket. What a lease leaves unused goes back with the next one.

    Args:
        store: where the buckets are.
        rate: of each bucket.
        key: the key of an owner's bucket.
        lease_seconds: how long a lease lasts.
        clock: by which leases expire and refusals are remembered; the buckets have Redis' own.
    """

    def __init__(
        self,
        store: LimitStore,
        rate: Rate,
        key: Callable[[K], str],
        lease_seconds: float = _LEASE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._rate = rate
        self._key = key
        self._lease_seconds = lease_seconds
        self._clock = clock
        self._max_lease = max(1, min(_MAX_LEASE, rate.burst // _LEASES_OF_BURST))
        self._leases: Cache[K, _Lease] = Cache(_LEASE_CACHE_SIZE, _LEASE_CACHE_SECONDS)

    async def take(self, owner: K) -> float:
        """Take a token. Return 0, or the seconds until there is one."""
        now = self._clock()
        lease = self._leases.get(owner)
        if lease is None:
            lease = _Lease()
            self._leases.put(owner, lease)
        elif lease.tokens and now < lease.until:
            lease.tokens -= 1
            return 0.0
        elif now < lease.asks_again:
            return lease.next_token - now
        return await self._renew(owner, lease, now)

    async def _renew(self, owner: K, lease: _Lease, now: float) -> float:
        busy = now < lease.until
        wanted = min(2 * lease.size, self._max_lease) if busy else 1
        returned, lease.tokens = lease.tokens, 0
        arguments = (*self._rate.arguments, wanted, returned)
        reply = await self._store.run(_TAKE, [self._key(owner)], arguments)
        if reply is None:
            return 0.0
        granted, wait_us = reply
        if granted:
            lease.tokens += granted - 1
            lease.size = wanted
            lease.until = self._clock() + self._lease_seconds
        elif lease.tokens:  # a concurrent call has brought more than its own
            lease.tokens -= 1
        else:
            seconds: float = wait_us / 1e6
            now = self._clock()
            lease.next_token = now + seconds
            lease.asks_again = now + min(seconds, _MAX_REFUSAL_SECONDS)
            return seconds
        return 0.0
