"""Runs one case against a system and says what it cost."""

import contextlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from scripts.benchmark import load
from scripts.benchmark.cases import CASES, Case
from scripts.benchmark.load import Load
from scripts.benchmark.population import Population

_WARM_UP_SECONDS: Final = 1.0
_BESIDE_CONNECTIONS: Final = 32
_SPARE_SECONDS: Final = 5.0


class Observed(Protocol):
    """A running system that can be observed from outside."""

    @property
    def url(self) -> str:
        """Return where its API listens."""

    def cpu_ms(self) -> Counter[str]:
        """Return the CPU ms used so far, by process name."""

    def calls(self) -> Counter[str]:
        """Return the RPCs served and the store calls made so far, by kind."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one case showed: `used_ms` of CPU by process, `calls` by kind.

    Where another case loads the system too, CPU and calls cannot be told apart: both are empty.
    """

    case: str
    connections: int
    load: Load
    used_ms: Counter[str]
    calls: Counter[str]

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.load.requests / self.load.seconds

    @property
    def cpu_ms(self) -> float:
        """CPU ms per request, all processes together."""
        return sum(self.used_ms.values()) / max(self.load.requests, 1)

    def per_request(self, total: float) -> float:
        """Return a sum over all requests as the share of one."""
        return total / max(self.load.requests, 1)


@dataclass(frozen=True, slots=True)
class Subject:
    """A system, what it holds, and a folder for what the load generator reads."""

    system: Observed
    population: Population
    folder: Path

    def measure(self, case: Case, connections: int, seconds: float) -> Row:
        """Warm up, then replay the case for `seconds`."""
        lines = self._lines(case)
        self._replay(lines, connections, _WARM_UP_SECONDS)
        with contextlib.ExitStack() as stack:
            if case.beside:
                stack.enter_context(self._loaded(case.beside, seconds))
            used, calls = self.system.cpu_ms(), self.system.calls()
            seen = self._replay(lines, connections, seconds)
            used = self.system.cpu_ms() - used
            calls = self.system.calls() - calls
        if case.beside:
            used, calls = Counter(), Counter()
        return Row(case.name, connections, seen, used, calls)

    def _replay(self, lines: Path, connections: int, seconds: float) -> Load:
        return load.run(self.system.url, lines, connections=connections, seconds=seconds)

    def _loaded(self, name: str, seconds: float) -> contextlib.AbstractContextManager[None]:
        (case,) = (case for case in CASES if case.name == name)
        return load.beside(
            self.system.url,
            self._lines(case),
            connections=_BESIDE_CONNECTIONS,
            seconds=seconds + _SPARE_SECONDS,
        )

    def _lines(self, case: Case) -> Path:
        file = self.folder / f"{case.name}.requests".replace(" ", "-")
        file.write_text("\n".join(case.lines(self.population, self.folder)) + "\n")
        return file


def together(rows: Sequence[Row]) -> Row:
    """Return several runs of one case as one."""
    return Row(
        case=rows[0].case,
        connections=rows[0].connections,
        load=load.together([row.load for row in rows]),
        used_ms=sum((row.used_ms for row in rows), Counter()),
        calls=sum((row.calls for row in rows), Counter()),
    )
