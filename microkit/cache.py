"""In-process caches with a size limit (LRU) and a time to live."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

from microkit.batch import BatchLoader

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Cache(Generic[K, V]):
    """An LRU cache of `size` values, each valid for `seconds` by `clock` (None: monotonic)."""

    def __init__(self, size: int, seconds: float, clock: Callable[[], float] | None = None) -> None:
        self._size = size
        self._seconds = seconds
        self._clock = clock or time.monotonic
        self._entries: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Return the value of `key`, None if it is missing or expired."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[0] < self._clock():
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return entry[1]

    def get_many(self, keys: Iterable[K]) -> tuple[dict[K, V], list[K]]:
        """Return the values of `keys`, and the keys that are missing or expired."""
        entries, now = self._entries, self._clock()
        found: dict[K, V] = {}
        missing: list[K] = []
        for key in keys:
            entry = entries.get(key)
            if entry is None or entry[0] < now:
                missing.append(key)
            else:
                entries.move_to_end(key)
                found[key] = entry[1]
        return found, missing

    def now(self) -> float:
        """Return the time of the cache's clock."""
        return self._clock()

    def put(self, key: K, value: V, since: float | None = None) -> None:
        """Store `value`, valid since now or an earlier time of the clock.

        The least recently used value above the size limit is evicted.
        """
        self._entries[key] = ((self._clock() if since is None else since) + self._seconds, value)
        self._entries.move_to_end(key)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def discard(self, key: K) -> None:
        """Remove `key`."""
        self._entries.pop(key, None)

    def clear(self) -> None:
        """Remove everything."""
        self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)


class CachedLoader(Generic[K, V]):
    """A BatchLoader behind a cache of `size` values, each valid for `seconds`.

    The time of a value counts from the start of its load: `seconds` after a change, wherever it was
    made, nobody gets an older value. Misses are not cached. Call `discard` after every write.
    """

    def __init__(
        self, load: Callable[[list[K]], Awaitable[Mapping[K, V]]], size: int, seconds: float
    ) -> None:
        self._load = load
        self._loader: BatchLoader[K, V] = BatchLoader(self._fetch)
        self._cache: Cache[K, V] = Cache(size, seconds)
        self._discards = 0

    async def many(self, keys: Iterable[K]) -> dict[K, V]:
        """Return the values of `keys` in their order; keys without a value are left out."""
        asked = list(keys)
        found, missing = self._cache.get_many(asked)
        if not missing:
            return found
        found |= await self._loader.many(missing)
        return {key: found[key] for key in asked if key in found}

    async def one(self, key: K) -> V | None:
        """Return the value of `key`, None if there is none."""
        value = self._cache.get(key)
        return await self._loader.one(key) if value is None else value

    def discard(self, key: K) -> None:
        """Remove `key` after a write."""
        self._discards += 1
        self._cache.discard(key)

    def clear(self) -> None:
        """Remove everything, after a write that concerns unknown keys."""
        self._discards += 1
        self._cache.clear()

    async def _fetch(self, keys: list[K]) -> Mapping[K, V]:
        discards, started = self._discards, self._cache.now()
        found = await self._load(keys)
        if discards == self._discards:  # else the values may be older than a write
            for key, value in found.items():
                self._cache.put(key, value, started)
        return found
