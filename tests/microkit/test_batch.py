"""Loads that concurrent callers share."""

import asyncio
import contextvars

import pytest
from fleet import eventually, turns

from microkit.batch import BatchLoader, SingleFlight
from microkit.cache import Cache, CachedLoader


class Source:
    """Answers squares of even numbers, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.broken = False

    async def __call__(self, keys):
        self.asked.append(list(keys))
        await self.gate.wait()
        if self.broken:
            raise ValueError("broken")
        return {key: key * key for key in keys if key % 2 == 0}


@pytest.fixture
def source():
    return Source()


async def test_calls_of_one_moment_share_one_load(source):
    loader = BatchLoader(source)
    answers = await asyncio.gather(loader.many([2, 4]), loader.many([4, 5]), loader.one(6))
    assert answers == [{2: 4, 4: 16}, {4: 16}, 36]
    assert source.asked == [[2, 4, 5, 6]]


async def test_a_load_starts_after_the_call_that_asks_for_it(source):
    loader = BatchLoader(source)
    source.gate.clear()
    early = asyncio.create_task(loader.one(2))
    await turns()
    late = asyncio.create_task(loader.one(2))
    later = asyncio.create_task(loader.one(4))
    await turns()
    assert source.asked == [[2]]
    source.gate.set()
    assert await asyncio.gather(early, late, later) == [4, 4, 16]
    assert source.asked == [[2], [2, 4]]


async def test_a_failed_load_fails_its_own_callers_only(source):
    loader = BatchLoader(source)
    source.broken = True
    outcomes = await asyncio.gather(loader.one(2), loader.one(4), return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["broken", "broken"]
    source.broken = False
    assert await loader.one(2) == 4


async def test_a_caller_that_leaves_does_not_stop_the_others(source):
    loader = BatchLoader(source)
    source.gate.clear()
    leaves, stays = asyncio.create_task(loader.one(2)), asyncio.create_task(loader.one(4))
    await turns()
    leaves.cancel()
    source.gate.set()
    assert await stays == 16
    with pytest.raises(asyncio.CancelledError):
        await leaves


async def test_no_load_takes_more_keys_than_allowed(source):
    loader = BatchLoader(source, limit=10)
    assert len(await loader.many(range(0, 50, 2))) == 25
    assert sorted(map(len, source.asked)) == [5, 10, 10]


async def test_nothing_wanted_asks_nobody(source):
    assert await BatchLoader(source).many([]) == {}
    assert source.asked == []


async def test_a_load_that_hangs_holds_nobody_else_up_for_long(source):
    loader = BatchLoader(source)
    source.gate.clear()
    hangs = asyncio.create_task(loader.one(2))
    await turns()
    later = asyncio.create_task(loader.one(4))
    await eventually(lambda: source.asked == [[2], [4]])
    source.gate.set()
    assert await asyncio.gather(hangs, later) == [4, 16]


async def test_a_load_runs_in_the_context_of_a_caller_of_its_own(source):
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
        self.asked: list[int] = []
        self.gate = asyncio.Event()

    async def __call__(self, key):
        self.asked.append(key)
        if key == 13:
            raise ValueError("unlucky")
        if key == 1:
            await self.gate.wait()
        return 2 * key


async def test_each_shares_a_keys_load_and_lets_no_key_wait_for_another():
    slow = Slow()
    loader = SingleFlight(slow)
    waits = [asyncio.create_task(loader.one(1)) for _ in range(2)]
    assert await asyncio.gather(*(loader.one(n) for n in (2, 3, 2))) == [4, 6, 4]
    assert sorted(slow.asked) == [1, 2, 3]
    slow.gate.set()
    assert await asyncio.gather(*waits) == [2, 2]
    assert await loader.one(2) == 4
    assert slow.asked.count(2) == 2, "nothing is remembered"


async def test_each_fails_only_who_asked_for_what_fails():
    loader = SingleFlight(Slow())
    outcomes = await asyncio.gather(*map(loader.one, (2, 13, 3)), return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["4", "unlucky", "6"]


async def test_each_keeps_nothing_of_what_is_done():
    slow = Slow()
    loader = SingleFlight(slow)
    leaves = asyncio.create_task(loader.one(1))
    await asyncio.gather(*map(loader.one, range(2, 9)))
    leaves.cancel()
    slow.gate.set()
    await eventually(lambda: not loader._loaders)


def test_a_cache_forgets_what_is_old_and_what_was_used_least():
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
    assert source.asked == [[2, 3], [4]]
    loader.discard(2)
    assert await loader.one(2) == 4
    assert source.asked[-1] == [2]


async def test_what_was_loaded_before_a_write_is_not_kept_after_it(source):
    loader = CachedLoader(source, size=10, seconds=60)
    source.gate.clear()
    stale = asyncio.create_task(loader.one(2))
    await turns()
    loader.discard(2)
    source.gate.set()
    await stale
    await loader.one(2)
    assert source.asked == [[2], [2]]
