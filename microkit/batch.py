"""Loads that concurrent callers share: what many ask for at once is fetched once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from typing import Final, Generic, TypeVar

from microkit.errors import ParamError

MAX_IDS: Final = 10_000
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Loader(Generic[K, V]):
    """Gathers the keys that callers want and loads them together, one load at a time.

    A load always starts after the call that asks for it, so that a caller sees what it wrote
    before. While a load is under way, later calls gather into the next one. A load that fails
    fails its own callers and nobody else; a caller that is cancelled never stops a load that
    others wait for.

    Args:
        load: takes distinct keys, answers what it found by key.
        limit: how many keys one call of `load` may get.
    """

    def __init__(
        self, load: Callable[[list[K]], Awaitable[Mapping[K, V]]], limit: int = 1000
    ) -> None:
        self._load = load
        self._limit = limit
        self._gathering: _Batch[K, V] | None = None
        self._running: asyncio.Task[None] | None = None

    async def many(self, keys: Iterable[K]) -> dict[K, V]:
        """Return what exists of `keys`."""
        wanted = dict.fromkeys(keys)
        if not wanted:
            return {}
        found = await self._join(wanted)
        return {key: found[key] for key in wanted if key in found}

    async def one(self, key: K) -> V | None:
        """Return what `key` stands for, None if there is no such thing."""
        return (await self._join({key: None})).get(key)

    async def _join(self, wanted: Mapping[K, None]) -> Mapping[K, V]:
        batch = self._gathering
        if batch is None:
            batch = self._gathering = _Batch()
            if self._running is None:
                asyncio.get_running_loop().call_soon(self._start)
        batch.keys.update(wanted)
        return await asyncio.shield(batch.found)

    def _start(self) -> None:
        batch, self._gathering = self._gathering, None
        if batch is None:
            self._running = None
            return
        self._running = asyncio.get_running_loop().create_task(self._run(batch))
        self._running.add_done_callback(lambda _: self._start())

    async def _run(self, batch: "_Batch[K, V]") -> None:
        try:
            found = await self._fetch(list(batch.keys))
        except BaseException as error:
            if not batch.found.done():
                failed = error if isinstance(error, Exception) else asyncio.CancelledError()
                batch.found.set_exception(failed)
                batch.found.exception()  # known, also when nobody waits any more
            if not isinstance(error, Exception):
                raise
        else:
            batch.found.set_result(found)

    async def _fetch(self, keys: list[K]) -> Mapping[K, V]:
        if len(keys) <= self._limit:
            return await self._load(keys)
        parts = [keys[at : at + self._limit] for at in range(0, len(keys), self._limit)]
        loaded = await asyncio.gather(*map(self._load, parts))
        return {key: value for part in loaded for key, value in part.items()}


def each(load: Callable[[K], Awaitable[V]]) -> Loader[K, V]:
    """Return a Loader whose keys are loaded one by one, all at the same time.

    For what cannot be fetched together, but is often wanted by many at once.
    """

    async def load_all(keys: list[K]) -> dict[K, V]:
        found = await asyncio.gather(*map(load, keys))
        return dict(zip(keys, found, strict=True))

    return Loader(load_all)


def distinct(ids: Iterable[int]) -> list[int]:
    """Return the ids that a caller asks for, each once and in order.

    Raises:
        ParamError: they are more than one call may ask for.
    """
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > MAX_IDS:
        raise ParamError(f"一次最多查询 {MAX_IDS} 个编号")
    return wanted


class _Batch(Generic[K, V]):
    """The keys of one load, and what will be found."""

    __slots__ = ("found", "keys")

    def __init__(self) -> None:
        self.keys: dict[K, None] = {}
        self.found: asyncio.Future[Mapping[K, V]] = asyncio.get_running_loop().create_future()
