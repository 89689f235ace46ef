"""``scripts/bench``: start the embedded system, replay every case, print what it cost."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp

from scripts.benchmark import cases, load, processes, real, report, rpc
from scripts.benchmark.population import Population, populate, publish
from scripts.benchmark.real import RealSystem
from scripts.benchmark.system import System, running

_WARM_UP_SECONDS = 1.0


def main() -> None:
    """Run the benchmark as the command line says."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        if arguments.rpc:
            _say("building the Kitex programs")
            rpc.main(folder)
            return
        _say("starting the system and filling it")
        started = real.running(folder) if arguments.real else running(folder)
        with started as system:
            memory = {
                process: round(processes.resident_mib(pid), 1)
                for pid, process in system.processes.items()
            }
            people = asyncio.run(populate(system.url, folder))
            rows = _measure(system, people, folder, arguments)
    if arguments.json:
        arguments.json.write_text(report.as_json(rows, memory) + "\n")
    _say(f"resident MiB before the load: {memory}")
    sys.exit(any(row.load.errors for row in rows))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="of load per case")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--real", action="store_true", help="on MariaDB, Redis, S3 and etcd")
    parser.add_argument("--rpc", action="store_true", help="RPC alone, against Kitex's; needs Go")
    parser.add_argument("--json", type=Path, help="write the report to this file too")
    return parser.parse_args()


def _measure(
    system: System | RealSystem, people: Population, folder: Path, arguments: argparse.Namespace
) -> list[report.Row]:
    print(report.HEADER, flush=True)
    rows = []
    for case in cases.CASES:
        if arguments.only in case.name:
            targets = folder / "targets"
            targets.write_text("\n".join(case.targets(people)) + "\n")
            rows.append(_replay(system, case, targets, arguments))
            print(report.line(rows[-1]), flush=True)
    if arguments.only in "publish":
        rows.append(_publish(system, people, arguments.seconds))
        print(report.line(rows[-1]), flush=True)
    return rows


def _replay(
    system: System | RealSystem, case: cases.Case, targets: Path, arguments: argparse.Namespace
) -> report.Row:
    def replay(seconds: float) -> load.Load:
        return load.run(system.url, targets, connections=arguments.connections, seconds=seconds)

    replay(_WARM_UP_SECONDS)
    return _observed(system, case.name, case.cpu_ms, lambda: replay(arguments.seconds))


def _publish(system: System | RealSystem, people: Population, seconds: float) -> report.Row:
    return _observed(
        system, "publish", None, lambda: asyncio.run(_uploads(system.url, people, seconds))
    )


def _observed(
    system: System | RealSystem, name: str, bound_ms: float | None, run: Callable[[], load.Load]
) -> report.Row:
    cpu, calls = system.cpu_seconds(), system.calls()
    seen = run()
    after, made = system.cpu_seconds(), system.calls() - calls
    return report.Row(
        case=name,
        load=seen,
        cpu_ms={p: 1e3 * max(after[p] - cpu[p], 0) / seen.requests for p in sorted(after)},
        calls={kind: made[kind] / seen.requests for kind in sorted(made)},
        bound_ms=bound_ms,
    )


async def _uploads(url: str, people: Population, seconds: float) -> load.Load:
    latencies: list[float] = []
    started = time.perf_counter()

    async def uploader(session: aiohttp.ClientSession, n: int) -> None:
        while (before := time.perf_counter()) < started + seconds:
            await publish(session, people.people[-n], people.clip, f"upload {len(latencies)}")
            latencies.append(time.perf_counter() - before)

    async with aiohttp.ClientSession(url) as session, asyncio.TaskGroup() as group:
        for n in range(1, 5):
            group.create_task(uploader(session, n))
    latencies.sort()
    return load.Load(
        requests=len(latencies),
        seconds=time.perf_counter() - started,
        p50_ms=latencies[len(latencies) // 2] * 1e3,
        p99_ms=latencies[len(latencies) * 99 // 100] * 1e3,
        errors=0,
    )


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    main()
