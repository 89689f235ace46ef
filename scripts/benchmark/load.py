"""The load: wrk replays requests and checks every answer."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_REPLAY: Final = Path(__file__).with_name("replay.lua")
_TIMEOUT_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Load:
    """What was seen: `errors` counts answers that were not a success, or none at all."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    errors: int


def require() -> None:
    """End the program if wrk is missing; says what to install."""
    if shutil.which("wrk") is None:
        sys.exit(
            "scripts/bench needs wrk (Debian, Ubuntu: apt install wrk; macOS: brew install wrk)"
        )


def run(url: str, lines: Path, *, connections: int, seconds: float) -> Load:
    """Replay the requests of the file `lines` against `url`.

    Raises:
        subprocess.CalledProcessError: wrk failed.
    """
    command = _command(url, lines, connections, seconds)
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return Load(**json.loads(output.strip().splitlines()[-1]))


@contextmanager
def beside(url: str, lines: Path, *, connections: int, seconds: float) -> Iterator[None]:
    """Replay `lines` while the block runs, `seconds` at most."""
    command = _command(url, lines, connections, seconds)
    load = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        load.kill()
        load.wait()


def together(loads: Sequence[Load]) -> Load:
    """Return several runs of one case as one; of the percentiles the means."""
    return Load(
        requests=sum(load.requests for load in loads),
        seconds=sum(load.seconds for load in loads),
        p50_ms=sum(load.p50_ms for load in loads) / len(loads),
        p99_ms=sum(load.p99_ms for load in loads) / len(loads),
        errors=sum(load.errors for load in loads),
    )


def _command(url: str, lines: Path, connections: int, seconds: float) -> list[str]:
    limits = [
        f"-c{connections}",
        f"-d{max(1, round(seconds))}s",
        "--timeout",
        f"{_TIMEOUT_SECONDS}s",
    ]
    return ["wrk", "-t1", *limits, "--latency", "-s", str(_REPLAY), url, "--", str(lines)]
