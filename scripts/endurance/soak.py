"""``scripts/soak``: a long load of all kinds of requests; memory and descriptors over time."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from microkit import __version__
from scripts.benchmark.system import System, running
from scripts.endurance.clients import Clients, Outcomes, opened
from scripts.endurance.sampling import Sample, Sampler, median_descriptors, median_mib

_CHECKOUT: Final = Path(__file__).parents[2]
_SAMPLE_SECONDS: Final = 5.0
_COLUMNS: Final = 6
# Growth from the second sixth of the time to the last that fails the run.
_ALLOWED_MIB: Final = 8.0
_ALLOWED_DESCRIPTORS: Final = 16


def main() -> None:
    """Run the load as the command line says; fails if an answer failed or something grew."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="of load (default 30)")
    parser.add_argument("--rate", type=float, default=40.0, help="requests per second (default 40)")
    parser.add_argument("--version", action="version", version=f"scripts/soak {__version__}")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as folder,
        running(Path(folder), _CHECKOUT) as system,
    ):
        grown = asyncio.run(_soak(system, arguments.minutes * 60, arguments.rate))
    sys.exit(grown)


async def _soak(system: System, seconds: float, rate: float) -> bool:
    sampler, outcomes = Sampler(system), Outcomes()
    async with opened(system.url) as session:
        clients = Clients(session)
        await clients.prepare()
        tasks = [
            asyncio.create_task(clients.run(rate, outcomes)),
            asyncio.create_task(sampler.run(_SAMPLE_SECONDS)),
        ]
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        cpu_ms = system.cpu_ms().total()
        for task in tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks)
    sent = len(outcomes.latencies)
    print(
        f"{sent} requests in {seconds / 60:g} min ({sent / seconds:.0f}/s), p50 "
        f"{outcomes.percentile_ms(50):.1f} ms, p99 {outcomes.percentile_ms(99):.1f} ms, "
        f"{outcomes.failed.total()} failed, {cpu_ms / seconds / 10:.0f} % of a core"
    )
    for text, count in outcomes.failed.most_common(10):
        print(f"  {count} × {text}")
    print("\n".join(_table(sampler)))
    return bool(outcomes.failed) or any(_grew(samples) for _, samples in sampler.lasting())


def _table(sampler: Sampler) -> Iterator[str]:
    """Yield the rows: medians of each sixth of the time."""
    sixths = " | ".join(f"{n}/{_COLUMNS}" for n in range(1, _COLUMNS + 1))
    yield f"| process | MiB {sixths} | descriptors {sixths} |"
    yield "|---" * (2 * _COLUMNS + 1) + "|"
    for name, samples in sampler.lasting():
        parts = _parts(samples)
        mib = " | ".join(f"{median_mib(part):.1f}" for part in parts)
        descriptors = " | ".join(str(median_descriptors(part)) for part in parts)
        yield f"| {name} | {mib} | {descriptors} |"


def _parts(samples: list[Sample]) -> list[list[Sample]]:
    size = max(1, len(samples) // _COLUMNS)
    parts = [samples[n * size : (n + 1) * size] for n in range(_COLUMNS)]
    return [part for part in parts if part]


def _grew(samples: list[Sample]) -> bool:
    parts = _parts(samples)
    if len(parts) < _COLUMNS:
        return False
    return (
        median_mib(parts[-1]) - median_mib(parts[1]) > _ALLOWED_MIB
        or median_descriptors(parts[-1]) - median_descriptors(parts[1]) > _ALLOWED_DESCRIPTORS
    )


if __name__ == "__main__":
    main()
