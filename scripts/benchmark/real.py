"""The system of docker-compose.yml on real servers of this machine, as plain processes."""

import contextlib
import os
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.benchmark import processes
from scripts.benchmark.system import counted

_TESTS = Path(__file__).parents[2] / "tests"


class RealSystem:
    """As `scripts.benchmark.system.System`, with the servers among the processes."""

    def __init__(self, system: Any) -> None:
        self._system = system

    @property
    def url(self) -> str:
        """Return where its API listens."""
        address: str = self._system.url
        return address

    @property
    def processes(self) -> dict[int, str]:
        """The processes as they are now, pid to name."""
        return processes.find(os.getpid())

    def cpu_ms(self) -> Counter[str]:
        """Return the CPU ms used so far, by process name."""
        served = {pid: name for pid, name in self.processes.items() if name != "wrk"}
        return processes.cpu_ms(served)

    def calls(self) -> Counter[str]:
        """Return how many RPCs were served and how many calls each kind of store got so far."""
        seen: Counter[str] = Counter()
        for name, app in self._system.apps.items():
            if name != "api":
                address = f"http://127.0.0.1:{app.admin_port}/metrics"
                with urllib.request.urlopen(address) as response:
                    seen += counted(response.read().decode())
        return seen


@contextlib.contextmanager
def running(folder: Path) -> Iterator[RealSystem]:
    """Start the servers and the apps with their data in `folder`, and stop them at the end."""
    sys.path.insert(0, str(_TESTS))  # the fixtures of the tests start the servers
    from integration.conftest import System  # type: ignore[import-not-found]

    with contextlib.ExitStack() as stack:
        yield RealSystem(System(stack, folder))
