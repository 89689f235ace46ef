"""Small caches: bounded, the least recently used goes first, nothing older than its time."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

from microkit.batch import BatchLoader

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Cache(Generic[K, V]):
    """Keeps up to `size` values, each for `seconds` by `clock` (None: the monotonic clock)."""

    def __init__(self, size: int, seconds: float, clock: Callable[[], float] | None = None) -> None:
        self._size = size
        self._seconds = seconds
        self._clock = clock or time.monotonic
        self._entries: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Return the value of `key`, None if it is unknown or too old."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[0] < self._clock():
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return entry[1]

    def put(self, key: K, value: V) -> None:
        """Keep `value`; the least recently used one goes when there are too many."""
        self._entries[key] = (self._clock() + self._seconds, value)
        self._entries.move_to_end(key)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def discard(self, key: K) -> None:
        """Forget `key`."""
        self._entries.pop(key, None)


class CachedLoader(Generic[K, V]):
    """A BatchLoader in front of which what was found is kept for `seconds`.

    What does not exist is asked for every time. Whoever writes calls `discard` afterwards.
    """

    def __init__(
        self, load: Callable[[list[K]], Awaitable[Mapping[K, V]]], size: int, seconds: float
    ) -> None:
        self._load = load
        self._loader: BatchLoader[K, V] = BatchLoader(self._fetch)
        self._cache: Cache[K, V] = Cache(size, seconds)
        self._discards = 0

    async def many(self, keys: Iterable[K]) -> dict[K, V]:
        """Return what exists of `keys`."""
        found: dict[K, V] = {}
        missing: list[K] = []
        for key in keys:
            value = self._cache.get(key)
            if value is None:
                missing.append(key)
            else:
                found[key] = value
        return found | await self._loader.many(missing) if missing else found

    async def one(self, key: K) -> V | None:
        """Return what `key` stands for, None if there is no such thing."""
        value = self._cache.get(key)
        return await self._loader.one(key) if value is None else value

    def discard(self, key: K) -> None:
        """Forget `key`, which was just written."""
        self._discards += 1
        self._cache.discard(key)

    async def _fetch(self, keys: list[K]) -> Mapping[K, V]:
        discards = self._discards
        found = await self._load(keys)
        if discards == self._discards:  # else this may be from before a write
            for key, value in found.items():
                self._cache.put(key, value)
        return found
