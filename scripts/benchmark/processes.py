"""The processes of a running system: which they are and the CPU time each has used, from /proc."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import idl

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PACKAGES = ("api", *idl.RPC)


def find(root: int) -> dict[int, str]:
    """Return the processes below process `root`: pid to name (a package, or the program's name)."""
    found = {}
    for pid in _descendants(root):
        with suppress(FileNotFoundError, ProcessLookupError, IndexError):  # it ended meanwhile
            found[pid] = _name(pid)
    return found


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used so far, user and system, 0 once it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def cpu_ms(pids: Mapping[int, str]) -> Counter[str]:
    """Return the CPU ms that processes have used so far, those of one name together."""
    used: Counter[str] = Counter()
    for pid, name in pids.items():
        used[name] += round(1e3 * cpu_seconds(pid))
    return used


def resident_mib(pid: int) -> float:
    """Return the resident memory of a process in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _descendants(root: int) -> Iterator[int]:
    for children in Path(f"/proc/{root}/task").glob("*/children"):
        try:
            pids = children.read_text().split()
        except (FileNotFoundError, ProcessLookupError):  # the thread ended meanwhile
            continue
        for child in map(int, pids):
            yield child
            yield from _descendants(child)


def _name(pid: int) -> str:
    # A forked process has one text, with spaces (scripts/supervisor/template.py).
    text = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    command = text.replace(" ", "\0").split("\0")
    module = command[command.index("-m") + 1] if "-m" in command else ""
    if module in _PACKAGES:
        return module
    if module:
        return module.rpartition(".")[2]
    return "redis" if "redis-server" in command[0] else Path(command[0]).name
