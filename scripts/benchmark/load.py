"""The load: wrk where it is installed, otherwise aiohttp's client in a process of its own."""

import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import aiohttp

_REPLAY = Path(__file__).with_name("replay.lua")


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of load saw: times in ms, `errors` counts answers that were not a success."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    errors: int


def generator() -> str:
    """Return the name of the load generator that `run` will use."""
    return "wrk" if shutil.which("wrk") else "aiohttp"


def run(url: str, targets: Path, *, connections: int, seconds: float) -> Load:
    """Replay the lines of `targets` ("METHOD target") against `url` and return what was seen.

    Raises:
        subprocess.CalledProcessError: the generator failed.
    """
    if generator() == "wrk":
        command = [
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{max(1, round(seconds))}s",
            "--timeout",
            "30s",
        ]
        command += ["--latency", "-s", str(_REPLAY), url, "--", str(targets)]
    else:
        command = [sys.executable, "-m", "scripts.benchmark.load"]
        command += [url, str(targets), str(connections), str(seconds)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return Load(**json.loads(output.strip().splitlines()[-1]))


async def _replay(url: str, lines: list[list[str]], connections: int, seconds: float) -> Load:
    latencies: list[float] = []
    errors = 0
    started = time.perf_counter()

    async def connection(todo: Iterator[Sequence[str]], session: aiohttp.ClientSession) -> None:
        nonlocal errors
        while (before := time.perf_counter()) < started + seconds:
            method, target = next(todo)
            async with session.request(method, url + target) as response:
                body = await response.read()
            latencies.append(time.perf_counter() - before)
            errors += b'"status_code":0' not in body and b'"pong"' not in body

    todo = cycle(lines)
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(connection(todo, session))
    latencies.sort()
    return Load(
        requests=len(latencies),
        seconds=time.perf_counter() - started,
        p50_ms=latencies[len(latencies) // 2] * 1e3,
        p99_ms=latencies[len(latencies) * 99 // 100] * 1e3,
        errors=errors,
    )


if __name__ == "__main__":
    _url, _targets, _connections, _seconds = sys.argv[1:]
    _lines = [line.split(" ", 1) for line in Path(_targets).read_text().splitlines()]
    seen = asyncio.run(_replay(_url, _lines, int(_connections), float(_seconds)))
    sys.stdout.write(json.dumps({name: getattr(seen, name) for name in Load.__slots__}) + "\n")
