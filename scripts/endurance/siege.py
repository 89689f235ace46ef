"""One attack at a time on a running system, with honest clients beside it."""

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import idl
from scripts.benchmark.system import System
from scripts.endurance.attacks import ATTACKS
from scripts.endurance.clients import Clients, Outcomes
from scripts.endurance.sampling import Sampler

_CHECKOUT: Final = Path(__file__).parents[2]
_SAMPLE_SECONDS: Final = 0.1
_PROBES: Final = 20


@dataclass(frozen=True, slots=True)
class Result:
    """What one attack did: peaks of memory by process, and what honest clients saw."""

    name: str
    peak_mib: dict[str, float]
    outcomes: Outcomes
    recovery_seconds: float
    slowest_after_ms: float


class Siege:
    """Attacks one system; `clients` are prepared."""

    def __init__(self, system: System, clients: Clients, clip: Path) -> None:
        self._system = system
        self._clients = clients
        self._clip = clip

    async def attack(self, name: str, seconds: float, rate: float) -> Result:
        """Attack for so many seconds, beside `rate` honest requests per second."""
        sampler, outcomes = Sampler(self._system), Outcomes()
        async with self._attacker(name):
            tasks = [
                asyncio.create_task(sampler.run(_SAMPLE_SECONDS)),
                asyncio.create_task(self._clients.run(rate, outcomes)),
            ]
            await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks)
        recovery, slowest = await self._recovery()
        sampler.take()
        peaks = {n: max(each.mib for each in samples) for n, samples in sampler.samples.items()}
        return Result(name, peaks, outcomes, recovery, slowest)

    async def _recovery(self) -> tuple[float, float]:
        """Return when 20 requests in a row succeeded, and the slowest of those, in ms."""
        started = time.monotonic()
        while True:
            slowest = 0.0
            try:
                for _ in range(_PROBES):
                    sent = time.monotonic()
                    await self._clients.api("GET", "feed", token=self._clients.people[0].token)
                    slowest = max(slowest, time.monotonic() - sent)
            except (OSError, TimeoutError, ValueError):
                await asyncio.sleep(0.05)
            else:
                return time.monotonic() - started, 1e3 * slowest

    @asynccontextmanager
    async def _attacker(self, name: str) -> AsyncIterator[None]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "scripts.endurance.attacker", name,
            cwd=_CHECKOUT, stdin=PIPE, stdout=PIPE,
        )  # fmt: skip
        if process.stdin and process.stdout:
            process.stdin.write(json.dumps(self._target()).encode() + b"\n")
            await process.stdout.readline()
        try:
            yield
            if process.returncode is not None:
                raise RuntimeError(f"the attacker ended: {name}")
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def _target(self) -> dict[str, object]:
        return {
            "http": urlsplit(self._system.url).port,
            "rpc": [int(self._system.variable(name, "PORT")) for name in idl.RPC],
            "token": self._clients.people[-1].token,
            "object_path": urlsplit(self._clients.videos[0]["play_url"]).path,
            "clip": str(self._clip),
        }


def chosen(only: list[str]) -> list[str]:
    """Return the names of the attacks that contain one of the texts."""
    return [name for name in ATTACKS if any(text in name for text in only)]
