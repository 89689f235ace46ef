"""The system of docker-compose.yml on real servers of this machine, as plain processes."""

import contextlib
import os
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from scripts.benchmark import processes
from scripts.benchmark.system import HIGH_LIMITS, counted
from scripts.deployment import Deployment


class RealSystem:
    """As `scripts.benchmark.system.System`, with the servers among the processes."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    @property
    def url(self) -> str:
        """Return where its API listens."""
        return self._deployment.url

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
        for name, app in self._deployment.apps.items():
            if name != "api":
                address = f"http://127.0.0.1:{app.admin_port}/metrics"
                with urllib.request.urlopen(address) as response:
                    seen += counted(response.read().decode())
        return seen


@contextlib.contextmanager
def running(folder: Path) -> Iterator[RealSystem]:
    """Start the servers and the apps with their data in `folder`, and stop them at the end."""
    with contextlib.ExitStack() as stack:
        yield RealSystem(Deployment(stack, folder, **HIGH_LIMITS))
