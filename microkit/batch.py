"""Request coalescing: concurrent callers share loads."""

import asyncio
import contextvars
import functools
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from typing import Final, Generic, TypeVar

from microkit import trace
from microkit.background import BackgroundTasks
from microkit.errors import ParamError

MAX_IDS: Final = 10_000
_MAX_WAIT_SECONDS: Final = 0.05
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BatchLoader(Generic[K, V]):
    """Collects the keys of concurrent callers into batches: the DataLoader pattern.

    A load always starts after the calls it serves, so that callers read their own writes. While a
    load runs, later calls form the next batch; it starts when the load ends, or after 50 ms. A
    failed load fails only its own callers. A cancelled caller never stops a load.

    Args:
        load: takes distinct keys, returns the found values by key.
        limit: the most keys of one call of `load`; larger batches are split.
        idle: called when no load runs and no batch is collected any more.
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
        self._next: _Batch[K, V] | None = None
        self._loads = BackgroundTasks()

    async def many(self, keys: Iterable[K]) -> dict[K, V]:
        """Return the values of `keys`; keys without a value are left out."""
        distinct_keys = dict.fromkeys(keys)
        if not distinct_keys:
            return {}
        found = await self.join(distinct_keys)
        return {key: found[key] for key in distinct_keys if key in found}

    async def one(self, key: K) -> V | None:
        """Return the value of `key`, None if there is none."""
        return (await self.join((key,))).get(key)

    def join(self, keys: Iterable[K]) -> asyncio.Future[Mapping[K, V]]:
        """Add `keys` to the next batch and return the future of its result.

        The result may have values of other callers' keys too. Gathering the futures of several
        loaders runs them concurrently without a task for each.
        """
        batch = self._next
        if batch is None:
            batch = self._next = _Batch()
            loop = asyncio.get_running_loop()
            if self._loads:
                batch.timer = loop.call_later(_MAX_WAIT_SECONDS, self._start, batch)
            else:
                batch.timer = loop.call_soon(self._start, batch)
        elif (span := trace.current.get()) is not None:
            batch.context = trace.shared(batch.context, span)
        batch.keys.update(dict.fromkeys(keys))
        return asyncio.shield(batch.result)

    def _start(self, batch: "_Batch[K, V]") -> None:
        self._next = None
        # A handle refers to its batch: the cycle would keep the result until the next collection.
        batch.timer = None
        self._loads.start(self._run(batch), batch.context).add_done_callback(self._ended)

    def _ended(self, _task: asyncio.Task[None]) -> None:
        if (batch := self._next) is not None:
            if batch.timer is not None:
                batch.timer.cancel()
            self._start(batch)
        elif self._idle is not None and not self._loads:
            self._idle()

    async def _run(self, batch: "_Batch[K, V]") -> None:
        try:
            found = await self._fetch(list(batch.keys))
        except BaseException as error:
            if not batch.result.done():
                failure = error if isinstance(error, Exception) else asyncio.CancelledError()
                batch.result.set_exception(failure)
                # Mark it retrieved: without callers asyncio would log "never retrieved".
                batch.result.exception()
            if not isinstance(error, Exception):
                raise
        else:
            batch.result.set_result(found)

    async def _fetch(self, keys: list[K]) -> Mapping[K, V]:
        if len(keys) <= self._limit:
            return await self._load(keys)
        loaded = await asyncio.gather(*map(self._load, parts(keys, self._limit)))
        return {key: value for part in loaded for key, value in part.items()}


class SingleFlight(Generic[K, V]):
    """Loads one key at a time; concurrent callers of the same key share its load.

    After Go's ``golang.org/x/sync/singleflight``. For loads that cannot be batched. Keys neither
    wait for nor fail with each other. Unlike Go's, a load starts after the calls it serves, so that
    callers read their own writes.
    """

    def __init__(self, load: Callable[[K], Awaitable[V]]) -> None:
        self._load = load
        self._loaders: dict[K, BatchLoader[K, V]] = {}

    async def one(self, key: K) -> V:
        """Return the value that `load` returns for `key`."""
        loader = self._loaders.get(key)
        if loader is None:
            discard = functools.partial(self._loaders.pop, key, None)
            loader = self._loaders[key] = BatchLoader(self._load_one, idle=discard)
        return (await loader.many((key,)))[key]

    async def _load_one(self, keys: list[K]) -> dict[K, V]:
        (key,) = keys
        return {key: await self._load(key)}


def parts(items: list[K], size: int) -> list[list[K]]:
    """Return `items` in parts of up to `size`."""
    return [items[at : at + size] for at in range(0, len(items), size)]


def distinct(ids: Iterable[int]) -> list[int]:
    """Return the distinct ids in their order.

    Raises:
        ParamError: there are more than `MAX_IDS`.
    """
    result = list(dict.fromkeys(ids))
    if len(result) > MAX_IDS:
        raise ParamError(f"一次最多查询 {MAX_IDS} 个编号")
    return result


class _Batch(Generic[K, V]):
    """The keys of one load, the context of a caller, and the future of its result.

    The context is that of the first caller, or of the first one whose trace is recorded.
    """

    __slots__ = ("context", "keys", "result", "timer")

    def __init__(self) -> None:
        self.keys: dict[K, None] = {}
        self.result: asyncio.Future[Mapping[K, V]] = asyncio.get_running_loop().create_future()
        self.context = contextvars.copy_context()
        self.timer: asyncio.Handle | None = None
