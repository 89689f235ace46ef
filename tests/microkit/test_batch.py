"""Batch loader, single flight, and the caches above them."""

import asyncio
import contextvars
import gc
import weakref

import pytest
from fleet import eventually, turns

from microkit.batch import BatchLoader, SingleFlight
from microkit.cache import Cache, CachedLoader


class Source:
    """Returns the squares of even numbers and records the keys of each load."""

    def __init__(self) -> None:
        self.loads: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.broken = False

    async def __call__(self, keys):
        self.loads.append(list(keys))
        await self.gate.wait()
        if self.broken:
            raise ValueError("broken")
        return {key: key * key for key in keys if key % 2 == 0}


@pytest.fixture
def source():
    return Source()


async def test_concurrent_calls_share_one_load(source):
    loader = BatchLoader(source)
    answers = await asyncio.gather(loader.many([2, 4]), loader.many([4, 5]), loader.one(6))
    assert answers == [{2: 4, 4: 16}, {4: 16}, 36]
    assert source.loads == [[2, 4, 5, 6]]


async def test_a_load_starts_after_the_calls_it_serves(source):
    loader = BatchLoader(source)
    source.gate.clear()
    early = asyncio.create_task(loader.one(2))
    await turns()
    late = asyncio.create_task(loader.one(2))
    later = asyncio.create_task(loader.one(4))
    await turns()
    assert source.loads == [[2]]
    source.gate.set()
    assert await asyncio.gather(early, late, later) == [4, 4, 16]
    assert source.loads == [[2], [2, 4]]


async def test_a_failed_load_fails_its_own_callers_only(source):
    loader = BatchLoader(source)
    source.broken = True
    outcomes = await asyncio.gather(loader.one(2), loader.one(4), return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["broken", "broken"]
    source.broken = False
    assert await loader.one(2) == 4


async def test_a_cancelled_caller_does_not_stop_the_load(source):
    loader = BatchLoader(source)
    source.gate.clear()
    cancelled, waiting = asyncio.create_task(loader.one(2)), asyncio.create_task(loader.one(4))
    await turns()
    cancelled.cancel()
    source.gate.set()
    assert await waiting == 16
    with pytest.raises(asyncio.CancelledError):
        await cancelled


async def test_no_load_takes_more_keys_than_allowed(source):
    loader = BatchLoader(source, limit=10)
    assert len(await loader.many(range(0, 50, 2))) == 25
    assert sorted(map(len, source.loads)) == [5, 10, 10]


async def test_no_keys_means_no_load(source):
    assert await BatchLoader(source).many([]) == {}
    assert source.loads == []


async def test_a_load_that_hangs_delays_later_calls_only_briefly(source):
    loader = BatchLoader(source)
    source.gate.clear()
    hangs = asyncio.create_task(loader.one(2))
    await turns()
    later = asyncio.create_task(loader.one(4))
    await eventually(lambda: source.loads == [[2], [4]])
    source.gate.set()
    assert await asyncio.gather(hangs, later) == [4, 16]


async def test_a_load_runs_in_the_context_of_one_of_its_callers(source):
    seen = []
    caller = contextvars.ContextVar("caller")

    async def load(keys):
        seen.append(caller.get())
        return await source(keys)

    loader = BatchLoader(load)
    source.gate.clear()

    async def call(name):
        caller.set(name)
        return await loader.one(2)

    first = asyncio.create_task(call("first"))
    await turns()
    second = asyncio.create_task(call("second"))
    await turns()
    source.gate.set()
    await asyncio.gather(first, second)
    assert seen == ["first", "second"]


class Slow:
    """Doubles; waits at its gate for key 1 and fails for key 13."""

    def __init__(self) -> None:
        self.loads: list[int] = []
        self.gate = asyncio.Event()

    async def __call__(self, key):
        self.loads.append(key)
        if key == 13:
            raise ValueError("unlucky")
        if key == 1:
            await self.gate.wait()
        return 2 * key


async def test_single_flight_shares_the_load_of_a_key_and_keeps_keys_independent():
    slow = Slow()
    loader = SingleFlight(slow)
    waits = [asyncio.create_task(loader.one(1)) for _ in range(2)]
    assert await asyncio.gather(*(loader.one(n) for n in (2, 3, 2))) == [4, 6, 4]
    assert sorted(slow.loads) == [1, 2, 3]
    slow.gate.set()
    assert await asyncio.gather(*waits) == [2, 2]
    assert await loader.one(2) == 4
    assert slow.loads.count(2) == 2, "results are not cached"


async def test_single_flight_fails_only_the_callers_of_the_failed_key():
    loader = SingleFlight(Slow())
    outcomes = await asyncio.gather(*map(loader.one, (2, 13, 3)), return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["4", "unlucky", "6"]


async def test_single_flight_keeps_no_state_of_finished_loads():
    slow = Slow()
    loader = SingleFlight(slow)
    cancelled = asyncio.create_task(loader.one(1))
    await asyncio.gather(*map(loader.one, range(2, 9)))
    cancelled.cancel()
    slow.gate.set()
    await eventually(lambda: not loader._loaders)


def test_a_cache_drops_expired_and_least_recently_used_values():
    now = 0.0
    cache = Cache(2, seconds=5, clock=lambda: now)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (1, None, 3)
    now = 5.1
    assert cache.get("a") is None


async def test_a_cached_value_is_not_loaded_again_until_it_is_discarded(source):
    loader = CachedLoader(source, size=10, seconds=60)
    assert await loader.many([2, 3]) == {2: 4}
    assert await loader.many([2, 4]) == {2: 4, 4: 16}
    assert source.loads == [[2, 3], [4]]
    loader.discard(2)
    assert await loader.one(2) == 4
    assert source.loads[-1] == [2]


async def test_values_are_in_the_order_of_the_keys_whichever_are_cached(source):
    loader = CachedLoader(source, size=10, seconds=60)
    await loader.one(6)
    assert list(await loader.many(key for key in (2, 6, 3, 4, 2))) == [2, 6, 4]


async def test_a_value_loaded_before_a_write_is_not_cached_after_it(source):
    loader = CachedLoader(source, size=10, seconds=60)
    source.gate.clear()
    stale = asyncio.create_task(loader.one(2))
    await turns()
    loader.discard(2)
    source.gate.set()
    await stale
    await loader.one(2)
    assert source.loads == [[2], [2]]


async def test_a_load_leaves_nothing_to_the_garbage_collector():
    class Value:
        pass

    gate = asyncio.Event()

    async def load(keys):
        await gate.wait()
        return {key: Value() for key in keys}

    loader = BatchLoader(load)
    gc.disable()
    try:
        first = asyncio.create_task(loader.one(1))
        await turns()
        second = asyncio.create_task(loader.one(2))  # its batch has a timer, which is cancelled
        await turns()
        gate.set()
        kept = [weakref.ref(value) for value in await asyncio.gather(first, second)]
        del first, second
        await turns()
        assert [each() for each in kept] == [None, None]
    finally:
        gc.enable()
