"""Loads that concurrent callers share."""

import asyncio

import pytest

from microkit.batch import Loader, each
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
    loader = Loader(source)
    answers = await asyncio.gather(loader.many([2, 4]), loader.many([4, 5]), loader.one(6))
    assert answers == [{2: 4, 4: 16}, {4: 16}, 36]
    assert source.asked == [[2, 4, 5, 6]]


async def test_a_load_starts_after_the_call_that_asks_for_it(source):
    loader = Loader(source)
    source.gate.clear()
    early = asyncio.create_task(loader.one(2))
    await asyncio.sleep(0.01)
    late = asyncio.create_task(loader.one(2))
    later = asyncio.create_task(loader.one(4))
    await asyncio.sleep(0.01)
    assert source.asked == [[2]]
    source.gate.set()
    assert await asyncio.gather(early, late, later) == [4, 4, 16]
    assert source.asked == [[2], [2, 4]]


async def test_a_failed_load_fails_its_own_callers_only(source):
    loader = Loader(source)
    source.broken = True
    outcomes = await asyncio.gather(loader.one(2), loader.one(4), return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["broken", "broken"]
    source.broken = False
    assert await loader.one(2) == 4


async def test_a_caller_that_leaves_does_not_stop_the_others(source):
    loader = Loader(source)
    source.gate.clear()
    leaves, stays = asyncio.create_task(loader.one(2)), asyncio.create_task(loader.one(4))
    await asyncio.sleep(0.01)
    leaves.cancel()
    source.gate.set()
    assert await stays == 16
    with pytest.raises(asyncio.CancelledError):
        await leaves


async def test_no_load_takes_more_keys_than_allowed(source):
    loader = Loader(source, limit=10)
    assert len(await loader.many(range(0, 50, 2))) == 25
    assert sorted(map(len, source.asked)) == [5, 10, 10]


async def test_nothing_wanted_asks_nobody(source):
    assert await Loader(source).many([]) == {}
    assert source.asked == []


async def test_each_loads_keys_one_by_one_and_at_the_same_time():
    async def double(key):
        await asyncio.sleep(0.05)
        return 2 * key

    loader = each(double)
    started = asyncio.get_running_loop().time()
    assert await asyncio.gather(*(loader.one(n) for n in (1, 2, 2))) == [2, 4, 4]
    assert asyncio.get_running_loop().time() - started < 0.09


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
    await asyncio.sleep(0.01)
    loader.discard(2)
    source.gate.set()
    await stale
    await loader.one(2)
    assert source.asked == [[2], [2]]
