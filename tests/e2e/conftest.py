"""Runs the whole system with scripts/up, in its own processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from scripts.servers import wait_for
from scripts.supervisor.folder import settings_of

ROOT = Path(__file__).parents[2]
LOWEST = 19


# Within them a busy machine answers too.
DEADLINES = {"RPC_TIMEOUT_MS": "30000", "STORE_TIMEOUT_MS": "30000"}


class System:
    """A running ``scripts/up`` of the checkout at `root`."""

    def __init__(
        self,
        data: Path,
        log: Path,
        *arguments: str,
        root: Path = ROOT,
        renditions: bool = False,
        **settings: str,
    ) -> None:
        command = [sys.executable, "-m", "scripts.supervisor", "--data", str(data), *arguments]
        self.data, self.log = data, log
        with log.open("a") as file:
            self.process = subprocess.Popen(
                command,
                cwd=root,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
                env=DEADLINES
                | os.environ
                | {"MEDIA_RENDITIONS": str(renditions).lower()}
                | settings,
            )
        self.printed = self._until_ready()
        self.url = self.printed[-1].removeprefix("ready ")
        self._family = psutil.Process(self.process.pid).children(recursive=True)

    def pid(self, name: str) -> int:
        """The process of a part of it, as it is now; 0 if it does not run."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        found = [each for each in family if f"{name} " in f"{_command(each)} "]
        return min(found, key=psutil.Process.create_time).pid if found else 0

    def settings(self, service: str) -> dict[str, str]:
        """What the process of a service was started with."""
        return settings_of(self.data, service)

    def kill(self, name: str) -> None:
        """kill -9 it."""
        os.kill(self.pid(name), signal.SIGKILL)

    def renderers(self) -> list[psutil.Process]:
        """The media processes that convert: those of the lowest priority."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        return [each for each in family if _is_renderer(each)]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop all of it; returns the exit code."""
        if self.process.poll() is None:
            self._family = psutil.Process(self.process.pid).children(recursive=True)
            self.process.send_signal(number)
        code = self.process.wait(30)
        if self.process.stdout:
            self.process.stdout.close()
        return code

    def leftovers(self) -> list[psutil.Process]:
        """What still runs of it."""
        return [child for child in self._family if child.is_running()]

    def _until_ready(self) -> list[str]:
        printed: list[str] = []
        for line in self.process.stdout or ():
            printed.append(line.strip())
            if line.startswith("ready "):
                return printed
        raise AssertionError(f"it ended before it was ready: {self.log.read_text()}")


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def _is_renderer(process: psutil.Process) -> bool:
    try:
        return "api.media.child" in process.cmdline() and process.nice() == LOWEST
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Callable[..., System]]:
    """Starts systems on one data folder (or `data`), and stops them at the end."""
    started: list[System] = []

    def start(*arguments: str, data: Path | None = None, **more: Any) -> System:
        started.append(System(data or tmp_path / "data", tmp_path / "log", *arguments, **more))
        return started[-1]

    yield start
    for system in started:
        system.stop()
        wait_for(lambda system=system: not system.leftovers())
