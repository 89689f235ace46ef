"""``scripts/bench``: start a system, fill it, replay every case, print what it cost."""

import argparse
import asyncio
import contextlib
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from scripts.benchmark import load, measure, options, processes, real, report, rpc
from scripts.benchmark.cases import CASES, Case
from scripts.benchmark.collector import collecting
from scripts.benchmark.growth import Growth
from scripts.benchmark.measure import Row, Subject
from scripts.benchmark.population import populate
from scripts.benchmark.system import System, running
from scripts.terminal import quiet_when_closed

_CHECKOUT: Final = Path(__file__).parents[2]


def main() -> None:
    """Run the benchmark as the command line says; fails if any answer was not a success."""
    arguments = options.parse()
    with quiet_when_closed():
        failed = _run(arguments)
    sys.exit(failed)


def _run(arguments: argparse.Namespace) -> bool:
    """Run what the command line chose; returns whether any answer was not a success."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        if arguments.rpc:
            _say("building the Kitex programs")
            rpc.main(folder)
            return False
        load.require()
        if arguments.compare:
            rows = _compare(folder, arguments)
        elif arguments.tracing:
            rows = _trace(folder, arguments)
        elif arguments.replicas:
            rows = _replicate(folder, arguments)
        elif arguments.growth:
            rows = _grow(folder, arguments)
        else:
            rows = _measure(folder, arguments)
    return any(row.load.errors for row in rows)


def _measure(folder: Path, arguments: argparse.Namespace) -> list[Row]:
    _say("starting the system and filling it")
    rows = []
    with real.running(folder) if arguments.real else running(folder, _CHECKOUT) as system:
        memory = {
            process: round(processes.resident_mib(pid), 1)
            for pid, process in system.processes.items()
        }
        subject = Subject(system, asyncio.run(populate(system.url, folder)), folder)
        print(report.HEADER, flush=True)
        for case, connections in _chosen(arguments):
            rows.append(subject.measure(case, connections, arguments.seconds))
            print(report.line(rows[-1]), flush=True)
    if arguments.json:
        arguments.json.write_text(report.as_json(rows, memory) + "\n")
    _say(f"resident MiB before the load: {memory}")
    return rows


def _compare(folder: Path, arguments: argparse.Namespace) -> list[Row]:
    """Measure this checkout and another in turn."""
    _say("starting both systems and filling them")
    with contextlib.ExitStack() as stack:
        this = _filled(stack, folder / "this", _CHECKOUT)[1]
        other = _filled(stack, folder / "other", arguments.compare.absolute())[1]
        return _in_turn(this, other, arguments)


def _trace(folder: Path, arguments: argparse.Namespace) -> list[Row]:
    """Measure this checkout with tracing on ("this") and off ("other") in turn."""
    _say("starting two systems and filling them; one records traces")
    with contextlib.ExitStack() as stack:
        traced = stack.enter_context(collecting(arguments.tracing))
        this = _filled(stack, folder / "this", _CHECKOUT, traced)[1]
        other = _filled(stack, folder / "other", _CHECKOUT)[1]
        return _in_turn(this, other, arguments)


def _replicate(folder: Path, arguments: argparse.Namespace) -> list[Row]:
    """Measure several processes of each service and of the API ("this") and one each ("other")."""
    _say("starting two systems and filling them; one has more processes")
    workers, replicas = {"API_WORKERS": "2"}, ("--replicas", str(arguments.replicas))
    with contextlib.ExitStack() as stack:
        this = _filled(stack, folder / "this", _CHECKOUT, workers, replicas)[1]
        other = _filled(stack, folder / "other", _CHECKOUT)[1]
        return _in_turn(this, other, arguments)


def _grow(folder: Path, arguments: argparse.Namespace) -> list[Row]:
    """Measure this checkout with much more data ("this") and without ("other") in turn."""
    _say("starting two systems and filling them; one gets far more data")
    grown = Growth.of(arguments.growth)
    with contextlib.ExitStack() as stack:
        _, other = _filled(stack, folder / "other", _CHECKOUT)
        system, this = _filled(stack, folder / "this", _CHECKOUT)
        grown.fill(system)
        rows = _in_turn(this, other, arguments)
        print(report.HEADER, flush=True)
        for case in grown.cases():
            for connections in arguments.connections:
                rows.append(this.measure(case, connections, arguments.seconds))
                print(report.line(rows[-1]), flush=True)
    return rows


def _in_turn(this: Subject, other: Subject, arguments: argparse.Namespace) -> list[Row]:
    """Measure two systems in turn: what else the machine does hits both alike."""
    these, others = [], []
    print(report.COMPARED, flush=True)
    for case, connections in _chosen(arguments):
        runs = [
            [each.measure(case, connections, arguments.seconds) for each in (other, this)]
            for _ in range(arguments.rounds)
        ]
        others.append(measure.together([run[0] for run in runs]))
        these.append(measure.together([run[1] for run in runs]))
        print(report.compared(these[-1], others[-1]), flush=True)
    if arguments.json:
        arguments.json.write_text(report.compared_as_json(these, others) + "\n")
    return [*these, *others]


def _filled(
    stack: contextlib.ExitStack,
    folder: Path,
    checkout: Path,
    added: Mapping[str, str] = {},
    up: Sequence[str] = (),
) -> tuple[System, Subject]:
    folder.mkdir()
    system = stack.enter_context(running(folder, checkout, added, up))
    return system, Subject(system, asyncio.run(populate(system.url, folder)), folder)


def _chosen(arguments: argparse.Namespace) -> Iterator[tuple[Case, int]]:
    for case in CASES:
        if any(text in case.name for text in arguments.only):
            most = case.most or max(arguments.connections)
            for connections in dict.fromkeys(min(n, most) for n in arguments.connections):
                yield case, connections


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    main()
