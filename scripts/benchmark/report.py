"""The report: one row a case, as a table for people and as JSON for comparisons."""

import json
import os
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from scripts.benchmark.load import Load, generator

_LIBRARIES = ("aiohttp", "uvloop", "msgspec", "thrift", "redis", "hiredis", "peewee", "aiosqlite")


@dataclass(frozen=True, slots=True)
class Row:
    """What one case showed.

    `cpu_ms` is CPU ms per request by process, `calls` RPCs and store calls per request,
    `bound_ms` what all processes together may use (None: no bound).
    """

    case: str
    load: Load
    cpu_ms: dict[str, float]
    calls: dict[str, float]
    bound_ms: float | None

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.load.requests / self.load.seconds

    @property
    def total_ms(self) -> float:
        """CPU ms per request of all processes together."""
        return sum(self.cpu_ms.values())


HEADER = (
    f"{'case':<20} {'req/s':>8} {'p50 ms':>8} {'p99 ms':>8} {'errors':>6} {'CPU ms':>8}"
    f" {'bound':>6}  RPCs, store calls; CPU by process"
)


def line(row: Row) -> str:
    """Return a row as one line of the table."""
    load = row.load
    bound = "" if row.bound_ms is None else f"{row.bound_ms:.2f}"
    calls = " ".join(f"{name} {count:.2f}" for name, count in row.calls.items() if count >= 0.005)
    cpu = " ".join(f"{name} {ms:.3f}" for name, ms in row.cpu_ms.items() if ms >= 0.001)
    return (
        f"{row.case:<20} {row.rate:>8.0f} {load.p50_ms:>8.2f} {load.p99_ms:>8.2f} {load.errors:>6}"
        f" {row.total_ms:>8.3f} {bound:>6}  {calls}; {cpu}"
    )


def machine() -> dict[str, object]:
    """Return what the figures depend on: processor, cores, system and versions."""
    model = [
        text.partition(": ")[2]
        for text in Path("/proc/cpuinfo").read_text().splitlines()
        if text.startswith("model name")
    ]
    return {
        "processor": model[0] if model else platform.processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "generator": generator(),
        "versions": {name: version(name) for name in _LIBRARIES},
    }


def as_json(rows: list[Row], memory_mib: dict[str, float]) -> str:
    """Return the whole report as JSON."""
    cases = [asdict(row) | {"rate": row.rate, "total_ms": row.total_ms} for row in rows]
    report = {"machine": machine(), "memory_mib": memory_mib, "cases": cases}
    return json.dumps(report, indent=1, ensure_ascii=False)
