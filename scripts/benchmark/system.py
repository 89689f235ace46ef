"""The system under test: started by scripts/up on free ports, observed from outside."""

import contextlib
import os
import re
import signal
import subprocess
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import idl
from scripts.benchmark import processes
from scripts.supervisor.folder import settings_of
from scripts.supervisor.system import ACTION_LIMITS

HIGH_LIMITS: Final = dict.fromkeys(ACTION_LIMITS, "1000000:1000000")
"""Limits that no run reaches; they cost as much as others."""
_SAMPLE = re.compile(r"^(\w+_total)\{([^}]*)\} ([\d.e+]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class System:
    """A running system: its address and the process that started all others."""

    url: str
    root: int

    @property
    def processes(self) -> dict[int, str]:
        """Its processes as they are now, pid to name: media workers come and go."""
        return processes.find(self.root)

    def cpu_ms(self) -> Counter[str]:
        """Return the CPU ms used so far, by process name."""
        return processes.cpu_ms(self.processes)

    def calls(self) -> Counter[str]:
        """Return how many RPCs were served and how many calls each kind of store got so far."""
        seen: Counter[str] = Counter()
        for port in self._admin_ports():
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as response:
                seen += counted(response.read().decode())
        return seen

    def variable(self, package: str, name: str) -> str:
        """Return an environment variable of a service's process.

        Raises:
            LookupError: it does not run, or the variable is not set.
        """
        for pid, process in self.processes.items():
            if process == package:
                return self._environment(pid, idl.service(package).name)[name]
        raise LookupError(package)

    def _environment(self, pid: int, name: str) -> Mapping[str, str]:
        arguments = Path(f"/proc/{self.root}/cmdline").read_text().split("\0")
        data = Path(arguments[arguments.index("--data") + 1])
        try:
            return settings_of(Path(f"/proc/{self.root}/cwd") / data, name)
        except FileNotFoundError:
            # A former version, to compare with, started each process with its own environment.
            texts = Path(f"/proc/{pid}/environ").read_text().split("\0")
            return dict(text.split("=", 1) for text in texts if "=" in text)

    def _admin_ports(self) -> Iterator[str]:
        for name in self.processes.values():
            if name in idl.RPC:
                yield self.variable(name, "ADMIN_PORT")


def counted(metrics: str) -> Counter[str]:
    """Return the RPCs served and the store calls of one process, from its metrics."""
    seen: Counter[str] = Counter()
    for name, labels, value in _SAMPLE.findall(metrics):
        if name == "requests_total" and 'side="rpc_server"' in labels:
            seen["rpc"] += int(float(value))
        elif name == "store_calls_total":
            seen[re.findall(r'store="(\w+)"', labels)[0]] += int(float(value))
    return seen


@contextlib.contextmanager
def running(
    folder: Path, checkout: Path, added: Mapping[str, str] = {}, options: Sequence[str] = ()
) -> Iterator[System]:
    """Start the embedded system of `checkout` with its data in `folder`, and stop it at the end.

    `added` are further environment variables, `options` those of ``scripts/up``.

    Raises:
        RuntimeError: it did not become ready; the message holds the end of its log.
    """
    command = [
        str(checkout / "scripts/up"),
        "--free-ports",
        "--data",
        str(folder / "data"),
        *options,
    ]
    # Renditions of the population would go on during the cases.
    quiet = {"MEDIA_RENDITIONS": "false"}
    environment = HIGH_LIMITS | quiet | os.environ | dict(added)
    with (folder / "up.log").open("w") as log:
        up = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment
        )
    try:
        url = _ready(up, folder / "up.log")
        yield System(url, up.pid)
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait(30)


def _ready(up: subprocess.Popen[str], log: Path) -> str:
    for line in up.stdout or ():
        if line.startswith("ready "):
            return line.split()[1]
    raise RuntimeError(f"scripts/up ended before it was ready:\n{log.read_text()[-2000:]}")
