"""The one place where a call is observed: clock, metrics, log line, and what plugs in here.

HTTP, RPC server, RPC client and stores wrap each call in `observed`. A tracer is an observer:
append it to `observers` at start-up.
"""

import functools
import logging
import time
from asyncio import CancelledError
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Literal, NamedTuple, Self

from microkit.errors import Error
from microkit.metrics import Meter

_log = logging.getLogger(__name__)

Side = Literal["http", "rpc_server", "rpc_client", "sql", "redis", "objects"]


class Operation(NamedTuple):
    """What is called: a method of a service, seen from one side of the call.

    For a store, `service` is its engine and `method` the kind of statement or command.
    """

    side: Side
    service: str
    method: str

    def __str__(self) -> str:
        return f"{self.side} {self.service}.{self.method}"


Ended = Callable[[float, BaseException | None], object]
"""Takes the seconds a call took, and its error if it failed."""
Observer = Callable[[Operation], Ended]
"""Called when a call starts, in the context of the call; returns what is called when it ends."""

observers: list[Observer] = []


class observed:  # noqa: N801 - reads as the `with` statement that it is
    """Observe one call: ``with observed("rpc_client", "service", "Method"):``.

    The call failed if an exception leaves the block, or if the block, which handles the exception
    itself, sets `error`. An exception that is neither a `microkit.errors.Error`, nor a
    cancellation, nor `expected` is a fault in the code, and logged with its trace.
    """

    __slots__ = ("_ends", "_expected", "_meter", "_operation", "_started", "error")

    def __init__(
        self,
        side: Side,
        service: str,
        method: str,
        expected: tuple[type[BaseException], ...] = (),
    ) -> None:
        self._operation, self._meter = _metered(side, service, method)
        self._expected = expected
        self.error: BaseException | None = None

    def __enter__(self) -> Self:
        self._ends: Sequence[Ended] = ()
        if observers:
            self._ends = [start(self._operation) for start in observers]
        self._started = time.perf_counter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        seconds = time.perf_counter() - self._started
        if error is None:
            error = self.error
        self._meter.observe(seconds, error)
        for end in reversed(self._ends):
            end(seconds, error)
        if error is not None and not isinstance(error, (Error, CancelledError, *self._expected)):
            _log.error("%s failed", self._operation, exc_info=error)
        elif _log.isEnabledFor(logging.DEBUG):
            ended = "ok" if error is None else repr(error)
            _log.debug("%s: %s in %.1f ms", self._operation, ended, seconds * 1e3)


@functools.cache
def _metered(side: Side, service: str, method: str) -> tuple[Operation, Meter]:
    return Operation(side, service, method), Meter(side, service, method)
