"""Observability of calls: duration, metrics, log line, and observers such as a tracer.

HTTP, RPC server, RPC client and stores wrap each call in `observed`. Append an observer to
`observers` at start-up.
"""

import functools
import logging
import time
from asyncio import CancelledError
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Literal, NamedTuple, Self

from microkit.errors import Error
from microkit.metrics import Meter

_log = logging.getLogger(__name__)

Side = Literal["http", "rpc_server", "rpc_client", "sql", "redis", "objects", "media"]


class Operation(NamedTuple):
    """A method of a service, on one side of a call.

    For a store, `service` is its engine and `method` the verb of the statement or command.
    """

    side: Side
    service: str
    method: str

    def __str__(self) -> str:
        return f"{self.side} {self.service}.{self.method}"


Ended = Callable[[float, BaseException | None], Mapping[str, str] | None]
"""Called when a call ends, with its duration in seconds and its error (None: success).

May return an exemplar: labels by which the call can be found, such as the id of its trace.
"""
Observer = Callable[[Operation], Ended | None]
"""Called when a call starts, in its context; returns the function to call when it ends, if any."""

observers: list[Observer] = []


class observed:  # noqa: N801 - a context manager, named like a function
    """Observe one call: ``with observed("rpc_client", "service", "Method"):``.

    The call failed if an exception leaves the block, or if a block that handles the exception sets
    `error`. An exception that is neither a `microkit.errors.Error`, nor a cancellation, nor one of
    the `expected` classes is a bug and is logged with its traceback.
    """

    __slots__ = ("_callbacks", "_expected", "_meter", "_operation", "_started", "error")

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
        self._callbacks: Sequence[Ended] = ()
        if observers:
            operation = self._operation
            for observer in observers:  # usually one, which usually returns None
                ended = observer(operation)
                if ended is not None:
                    self._callbacks = (*self._callbacks, ended)
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
        exemplar = None
        for ended in reversed(self._callbacks):
            exemplar = ended(seconds, error) or exemplar
        self._meter.observe(seconds, error, exemplar)
        if error is not None and not isinstance(error, (Error, CancelledError, *self._expected)):
            _log.error("%s failed", self._operation, exc_info=error)
        elif _log.isEnabledFor(logging.DEBUG):
            outcome = "ok" if error is None else repr(error)
            _log.debug("%s: %s in %.1f ms", self._operation, outcome, seconds * 1e3)


@functools.cache
def _metered(side: Side, service: str, method: str) -> tuple[Operation, Meter]:
    return Operation(side, service, method), Meter(side, service, method)
