"""How full each limited resource is, how late the event loop runs, what the process uses.

The owners of the resources pay nothing: their state is read once a second and for each scrape.
"""

import asyncio
import os
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from prometheus_client import Counter, Gauge, Histogram

from microkit.metrics import REGISTRY

T = TypeVar("T")

_TICK_SECONDS: Final = 0.25
_TICKS_PER_SAMPLE: Final = 4
_LABELS: Final = ("resource", "name")


def _gauge(name: str, documentation: str, labels: tuple[str, ...] = ()) -> Gauge:
    return Gauge(name, documentation, labels, registry=REGISTRY, multiprocess_mode="livesum")


_IN_USE = _gauge("resource_in_use", "Units of a limited resource that are in use", _LABELS)
_WAITING = _gauge("resource_waiting", "Callers that wait for a unit of the resource", _LABELS)
_LIMIT = _gauge("resource_limit", "Units of the resource in all", _LABELS)
_LAG = Histogram(
    "event_loop_lag_seconds",
    "How much later than due the event loop ran a timer, measured four times a second",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
    registry=REGISTRY,
)
_CPU = Counter("process_cpu_seconds", "CPU time used by the process", registry=REGISTRY)
_MEMORY = _gauge("process_resident_memory_bytes", "Resident memory of the process")
_DESCRIPTORS = _gauge("process_open_fds", "Open file descriptors of the process")


class Usage(NamedTuple):
    """The state of a resource: units in use, callers that wait, units in all."""

    in_use: int
    waiting: int
    limit: int


_Read = Callable[[Any], Usage]
_tracked: WeakKeyDictionary[object, tuple[str, str, _Read]] = WeakKeyDictionary()
_shown: set[tuple[str, str]] = set()
_cpu_seen = 0.0


def track(owner: T, resource: str, name: str, read: Callable[[T], Usage]) -> None:
    """Export the usage of `owner` for as long as it exists.

    Owners of the same resource and name are added up. `read` must not refer to `owner`.
    """
    _tracked[owner] = resource, name, read


def untrack(owner: object) -> None:
    """Stop exporting the usage of an owner that is closed; others end when they are collected."""
    _tracked.pop(owner, None)


def sample() -> None:
    """Read the state of everything now."""
    sums: defaultdict[tuple[str, str], list[Usage]] = defaultdict(list)
    for owner, (resource, name, read) in tuple(_tracked.items()):
        sums[resource, name].append(read(owner))
    for labels in _shown | set(sums):
        columns = zip(*sums.get(labels, ()), strict=True)
        totals = [sum(column) for column in columns] or [0, 0, 0]
        for gauge, total in zip((_IN_USE, _WAITING, _LIMIT), totals, strict=True):
            gauge.labels(*labels).set(total)
    _shown.update(sums)
    _sample_process()


def _sample_process() -> None:
    global _cpu_seen  # noqa: PLW0603 - the process has one CPU clock
    used = time.process_time()
    _CPU.inc(max(0.0, used - _cpu_seen))
    _cpu_seen = used
    if sys.platform == "linux":
        with suppress(OSError):
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            _MEMORY.set(pages * os.sysconf("SC_PAGE_SIZE"))
            _DESCRIPTORS.set(len(os.listdir("/proc/self/fd")))  # noqa: PTH208 - no Path objects


@asynccontextmanager
async def open_sampler() -> AsyncIterator[None]:
    """Measure the lag of the event loop and sample everything while the block runs."""
    task = asyncio.create_task(_measure())
    try:
        yield
    finally:
        task.cancel()


async def _measure() -> None:
    loop = asyncio.get_running_loop()
    while True:
        for _ in range(_TICKS_PER_SAMPLE):
            due = loop.time() + _TICK_SECONDS
            await asyncio.sleep(_TICK_SECONDS)
            _LAG.observe(max(0.0, loop.time() - due))
        sample()
