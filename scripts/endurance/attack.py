"""``scripts/attack``: attacks the whole system; memory, and latency of honest clients beside it."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import idl
from microkit import __version__
from scripts.benchmark.system import System, running
from scripts.endurance.clients import Clients, opened
from scripts.endurance.siege import Result, Siege, chosen

_CHECKOUT: Final = Path(__file__).parents[2]
_SHOWN: Final = ("api", *idl.RPC, "redis", "child")
_HEADER: Final = (
    "| attack | honest requests | failed | p50 ms | p99 ms | well after s | API MiB | "
    "largest service MiB | Redis MiB | media MiB |\n|---|---|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    """Run the attacks that the command line names, one after the other, on one system."""
    parser = argparse.ArgumentParser(prog="scripts/attack", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each attack (default 5)")
    parser.add_argument("--rate", type=float, default=40.0,
                        help="honest requests per second (default 40)")  # fmt: skip
    parser.add_argument("--only", nargs="+", default=[""], metavar="TEXT",
                        help="attacks whose name contains one of these")  # fmt: skip
    parser.add_argument("--version", action="version", version=f"scripts/attack {__version__}")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="attack-") as name,
        running(Path(name), _CHECKOUT) as system,
    ):
        asyncio.run(_attack(system, Path(name), arguments))
        log = Path(name, "up.log").read_text()
    restarts = [line for line in log.splitlines() if "exited" in line]
    sys.stdout.write("".join(f"{line}\n" for line in restarts))
    sys.exit(bool(restarts))


async def _attack(system: System, folder: Path, arguments: argparse.Namespace) -> None:
    async with opened(system.url) as session:
        clients = Clients(session)
        await clients.prepare()
        clip = folder / "clip.mp4"
        await asyncio.to_thread(clip.write_bytes, clients.clip)
        siege = Siege(system, clients, clip)
        print(_HEADER, flush=True)
        for name in dict.fromkeys(["none", *chosen(arguments.only)]):
            result = await siege.attack(name, arguments.seconds, arguments.rate)
            print(line(result), flush=True)
            for text, count in result.outcomes.failed.most_common(3):
                sys.stderr.write(f"  {count} × {text}\n")


def table(results: Iterable[Result]) -> Iterator[str]:
    """Yield the rows of results, with their columns named in each: tests sort what they print."""
    for result in results:
        peaks = {name: round(mib) for name, mib in sorted(result.peak_mib.items())}
        yield (
            f"attack {result.name}: p50 {result.outcomes.percentile_ms(50):.0f} ms, p99 "
            f"{result.outcomes.percentile_ms(99):.0f} ms, {result.outcomes.failed.total()} failed, "
            f"well after {result.recovery_seconds:.1f} s, MiB {peaks}"
        )


def line(result: Result) -> str:
    """Return the row of a result."""
    peaks = {name: result.peak_mib.get(name, 0.0) for name in _SHOWN}
    services = max(mib for name, mib in peaks.items() if name.endswith("micro"))
    outcomes = result.outcomes
    cells = [
        result.name,
        len(outcomes.latencies) + outcomes.failed.total(),
        outcomes.failed.total(),
        f"{outcomes.percentile_ms(50):.0f}",
        f"{outcomes.percentile_ms(99):.0f}",
        f"{result.recovery_seconds:.1f}",
        *(f"{mib:.0f}" for mib in (peaks["api"], services, peaks["redis"], peaks["child"])),
    ]
    return "| " + " | ".join(map(str, cells)) + " |"


if __name__ == "__main__":
    main()
