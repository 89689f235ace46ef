"""Resident memory and open descriptors of every process of a running system, over time."""

import asyncio
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from scripts.benchmark import processes
from scripts.benchmark.system import System

# The script that started the others, and the processes that decode uploads, which come and go.
_TRANSIENT: Final = ("child",)


@dataclass(frozen=True, slots=True)
class Sample:
    """The state of the processes of one name: MiB of memory and open descriptors, together."""

    at: float
    mib: float
    descriptors: int


@dataclass(slots=True)
class Sampler:
    """Samples a system; `samples` has those of each process, by name."""

    system: System
    samples: dict[str, list[Sample]] = field(default_factory=lambda: defaultdict(list))

    async def run(self, every: float) -> None:
        """Take a sample every so many seconds, until cancelled."""
        while True:
            self.take()
            await asyncio.sleep(every)

    def take(self) -> None:
        """Take one sample of every process."""
        found: dict[str, tuple[float, int]] = {}
        for pid, name in self.system.processes.items():
            with suppress(FileNotFoundError, ProcessLookupError):
                mib, descriptors = found.get(name, (0.0, 0))
                found[name] = (
                    mib + processes.resident_mib(pid),
                    descriptors + sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()),
                )
        now = time.monotonic()
        for name, (mib, descriptors) in found.items():
            self.samples[name].append(Sample(now, mib, descriptors))

    def lasting(self) -> Iterator[tuple[str, list[Sample]]]:
        """Yield the samples of each process that lives as long as the system."""
        for name, samples in sorted(self.samples.items()):
            if name not in _TRANSIENT:
                yield name, samples


def median_mib(samples: list[Sample]) -> float:
    """Return the median of the memory."""
    return statistics.median(sample.mib for sample in samples)


def median_descriptors(samples: list[Sample]) -> int:
    """Return the median of the number of descriptors."""
    return round(statistics.median(sample.descriptors for sample in samples))
