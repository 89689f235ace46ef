"""Rate limits against a real Redis, whose clock they use."""

import asyncio
import signal
import time

import pytest
from fleet import Clock, eventually, store_calls

from microkit.storage.redis import open_redis
from microkit.storage.token_bucket import Buckets, LimitStore, Rate
from scripts import servers

# So slow that no token comes back during a test.
SLOW = Rate(100, 1)


def key(owner: int) -> str:
    return f"bucket:{{{owner}}}"


@pytest.fixture
async def redis(settings):
    async with open_redis(settings()) as opened:
        yield opened


@pytest.fixture
def store(redis) -> LimitStore:
    return LimitStore(redis)


async def taken(buckets: Buckets, count: int, owner: int = 1) -> int:
    """How many of `count` concurrent callers got a token."""
    waits = await asyncio.gather(*(buckets.take(owner) for _ in range(count)))
    return sum(not wait for wait in waits)


@pytest.mark.parametrize("lease_seconds", [1e-9, 60.0])
async def test_racing_callers_get_exactly_the_burst(store, lease_seconds):
    buckets = Buckets(store, SLOW, key, lease_seconds)
    assert await taken(buckets, 250) == 100
    assert await taken(buckets, 10) == 0


async def test_processes_together_get_exactly_the_burst(settings, redis):
    # Each has a connection and leases of its own.
    async with open_redis(settings()) as other:
        both = [Buckets(LimitStore(each), SLOW, key) for each in (redis, other)]
        got = [0, 0]
        for _ in range(40):
            for n, more in enumerate(await asyncio.gather(*(taken(each, 5) for each in both))):
                got[n] += more
    assert sum(got) == 100
    assert min(got) > 0


async def test_owners_do_not_share_a_bucket(store):
    buckets = Buckets(store, Rate(2, 1), key)
    assert [await taken(buckets, 5, owner) for owner in (1, 2, 3)] == [2, 2, 2]


async def test_tokens_come_back_at_the_rate_and_never_more_than_the_burst(store, redis):
    rate = Rate(10, 6000)  # one in 10 ms
    buckets = Buckets(store, rate, key, lease_seconds=1e-9)
    started, got = time.monotonic(), 0

    def allowed() -> float:
        return 10 + (time.monotonic() - started) * 100 + 1

    while got < 40:
        wait = await buckets.take(1)
        got += not wait
        assert wait <= 0.011
        assert got <= allowed()
        await asyncio.sleep(wait)  # as a client does that is told how long to wait
    await asyncio.sleep(0.3)  # long enough for thrice the burst
    assert await redis.execute("EXISTS", key(1)) == 0
    started = time.monotonic()
    assert 10 <= await taken(buckets, 200) <= allowed()


async def test_an_occasional_caller_leaves_nothing_unused(store, redis):
    """A process takes one token for one action, and puts back what it has left of a lease."""
    buckets = Buckets(store, SLOW, key)
    assert await taken(buckets, 1) == 1
    other = Buckets(store, SLOW, key)
    assert await taken(other, 200) == 99

    await redis.execute("DEL", key(1))
    clock = Clock()
    busy = Buckets(store, SLOW, key, lease_seconds=60, clock=clock)
    assert await taken(busy, 6) == 6
    for _ in range(5):
        assert await taken(busy, 1) == 1  # its leases have grown
    clock.now += 61  # the lease has expired
    assert await taken(busy, 1) == 1
    assert await taken(Buckets(store, SLOW, key), 200) == 100 - 12


async def test_a_busy_caller_asks_redis_rarely(store):
    buckets = Buckets(store, Rate(10_000, 1), key)
    before = store_calls("redis")
    for _ in range(1000):
        assert not await buckets.take(1)
    assert store_calls("redis") - before < 30


async def test_refused_callers_do_not_ask_redis(store):
    clock = Clock()
    buckets = Buckets(store, Rate(1, 1), key, clock=clock)
    assert await taken(buckets, 3) == 1

    before = store_calls("redis")
    assert await taken(buckets, 100) == 0
    assert store_calls("redis") == before
    clock.now += 1.1  # a refusal is remembered for a second
    assert await taken(buckets, 1) == 0
    assert store_calls("redis") == before + 1


async def test_a_clock_set_back_or_a_lower_limit_refuses_for_the_burst_at_most(store, redis):
    far = int((time.time() + 86_400) * 1e6)
    await redis.execute("SET", key(1), far)
    buckets = Buckets(store, Rate(10, 6000), key)
    assert 0 < await buckets.take(1) <= 0.011


async def test_without_redis_nobody_is_refused_and_limits_return_with_it(settings, caplog):
    with servers.redis() as server:
        own = settings(redis_url=f"unix://{server.socket}", store_timeout_ms=3000)
        async with open_redis(own) as redis:
            clock = Clock()
            limits = LimitStore(redis, probe_seconds=0.2)
            buckets = Buckets(limits, Rate(1, 1), key, 1e-9, clock)
            assert await taken(buckets, 5) == 1
            server.signal(signal.SIGSTOP)
            clock.now += 1.1  # a refusal is remembered for a second
            assert await taken(buckets, 5) == 5
            assert "no rate limits" in caplog.text
            server.signal(signal.SIGCONT)

            async def refused() -> float:
                clock.now += 1.1
                return await buckets.take(1)

            await eventually(refused)
