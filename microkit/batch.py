"""Loads that concurrent callers share: what many ask for at once is fetched once."""

import asyncio
import contextvars
import functools
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from typing import Final, Generic, TypeVar

from microkit.errors import ParamError

MAX_IDS: Final = 10_000
_PATIENCE_SECONDS: Final = 0.05
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BatchLoader(Generic[K, V]):
    """Gathers the keys that callers want and loads them together.

    A load always starts after the call that asks for it, so that a caller sees what it wrote
    before. While a load is under way, later calls gather into the next one, which starts when that
    ends, or when it takes too long to wait for. A load that fails fails its own callers and nobody
    else; a caller that is cancelled never stops a load that others wait for.

    Args:
        load: takes distinct keys, answers what it found by key.
        limit: how many keys one call of `load` may get.
        idle: called when nothing is under way any more.
    """

    def __init__(
        self,
        load: Callable[[list[K]], Awaitable[Mapping[K, V]]],
        limit: int = 1000,
        idle: Callable[[], object] | None = None,
    ) -> None:
        self._load = load
        self._limit = limit
        self._idle = idle
        self._gathering: _Batch[K, V] | None = None
        self._under_way: set[asyncio.Task[None]] = set()

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
            loop = asyncio.get_running_loop()
            if self._under_way:
                batch.start = loop.call_later(_PATIENCE_SECONDS, self._start, batch)
            else:
                batch.start = loop.call_soon(self._start, batch)
        batch.keys.update(wanted)
        return await asyncio.shield(batch.found)

    def _start(self, batch: "_Batch[K, V]") -> None:
        self._gathering = None
        task = asyncio.get_running_loop().create_task(self._run(batch), context=batch.context)
        self._under_way.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if (batch := self._gathering) is not None:
            if batch.start is not None:
                batch.start.cancel()
            self._start(batch)
        elif self._idle is not None and not self._under_way:
            self._idle()

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


class SingleFlight(Generic[K, V]):
    """Loads keys one at a time; concurrent callers of a key share its load.

    The idea is that of Go's ``golang.org/x/sync/singleflight``. Use it for loads that cannot be
    batched. Keys are independent: one never waits for another, nor fails with it. As with a
    `BatchLoader`, a load starts after the call that asks for it.
    """

    def __init__(self, load: Callable[[K], Awaitable[V]]) -> None:
        self._load = load
        self._loaders: dict[K, BatchLoader[K, V]] = {}

    async def one(self, key: K) -> V:
        """Return what `load` answers for `key`."""
        loader = self._loaders.get(key)
        if loader is None:
            forget = functools.partial(self._loaders.pop, key, None)
            loader = self._loaders[key] = BatchLoader(self._load_one, idle=forget)
        return (await loader.many((key,)))[key]

    async def _load_one(self, keys: list[K]) -> dict[K, V]:
        (key,) = keys
        return {key: await self._load(key)}


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
    """The keys of one load, in whose context it runs, and what will be found."""

    __slots__ = ("context", "found", "keys", "start")

    def __init__(self) -> None:
        self.keys: dict[K, None] = {}
        self.found: asyncio.Future[Mapping[K, V]] = asyncio.get_running_loop().create_future()
        self.context = contextvars.copy_context()
        self.start: asyncio.Handle | None = None
