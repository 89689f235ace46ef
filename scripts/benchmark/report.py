"""The report: one line a case for people, and JSON for comparisons."""

import json
import os
import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from scripts.benchmark.measure import Row

_LIBRARIES: Final = (
    "aiohttp", "uvloop", "msgspec", "thrift", "hiredis", "peewee",
)  # fmt: skip
_NAME: Final = 26

HEADER: Final = (
    f"{'case':<{_NAME}} {'conn.':>5} {'req/s':>8} {'p50 ms':>8} {'p99 ms':>8} {'errors':>6}"
    f" {'CPU ms':>8}  RPCs, store calls; CPU ms by process"
)
COMPARED: Final = (
    f"{'case':<{_NAME}} {'conn.':>5} {'CPU ms: other':>14} {'this':>8} {'ratio':>6}"
    f" {'req/s: other':>13} {'this':>8} {'ratio':>6} {'p99 ms: other':>14} {'this':>8} errors"
)


def line(row: Row) -> str:
    """Return a row as one line of the table."""
    seen = row.load
    calls = _shares(row, row.calls, 2)
    cpu = _shares(row, row.used_ms, 3)
    total = f"{row.cpu_ms:.3f}" if row.used_ms else ""
    return (
        f"{row.case:<{_NAME}} {row.connections:>5} {row.rate:>8.0f} {seen.p50_ms:>8.2f}"
        f" {seen.p99_ms:>8.2f} {seen.errors:>6} {total:>8}  {calls}; {cpu}"
    )


def compared(this: Row, other: Row) -> str:
    """Return one case of two systems, and this one's figures as multiples of the other's."""
    cpu = f"{'':>14} {'':>8} {'':>6}"
    if this.used_ms and other.used_ms:
        ratio = this.cpu_ms / other.cpu_ms
        cpu = f"{other.cpu_ms:>14.3f} {this.cpu_ms:>8.3f} {ratio:>6.2f}"
    return (
        f"{this.case:<{_NAME}} {this.connections:>5} {cpu}"
        f" {other.rate:>13.0f} {this.rate:>8.0f} {this.rate / other.rate:>6.2f}"
        f" {other.load.p99_ms:>14.2f} {this.load.p99_ms:>8.2f}"
        f" {other.load.errors}, {this.load.errors}"
    )


def as_json(rows: Sequence[Row], memory_mib: dict[str, float]) -> str:
    """Return the whole report of one system as JSON; CPU ms and calls are per request."""
    report = {
        "machine": _machine(),
        "memory_mib": memory_mib,
        "cases": [_as_object(row) for row in rows],
    }
    return json.dumps(report, indent=1, ensure_ascii=False)


def compared_as_json(this: Sequence[Row], other: Sequence[Row]) -> str:
    """Return both systems' cases as JSON."""
    report = {
        "machine": _machine(),
        "this": [_as_object(row) for row in this],
        "other": [_as_object(row) for row in other],
    }
    return json.dumps(report, indent=1, ensure_ascii=False)


def _as_object(row: Row) -> dict[str, Any]:
    cpu = {name: row.per_request(used) for name, used in row.used_ms.items()}
    calls = {kind: row.per_request(count) for kind, count in row.calls.items()}
    named = {"case": row.case, "connections": row.connections, "rate": row.rate}
    return named | asdict(row.load) | {"cpu_ms": cpu, "calls": calls, "total_cpu_ms": row.cpu_ms}


def _shares(row: Row, totals: Counter[str], digits: int) -> str:
    shares = {name: row.per_request(total) for name, total in sorted(totals.items())}
    smallest = 0.5 * 10**-digits
    return " ".join(f"{name} {each:.{digits}f}" for name, each in shares.items() if each > smallest)


def _machine() -> dict[str, object]:
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
        "versions": {name: version(name) for name in _LIBRARIES},
    }
