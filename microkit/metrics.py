"""What every process counts, for Prometheus: requests, latency, errors, pools, store calls."""

import functools
import time
from typing import Final, Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client import multiprocess as prometheus_multiprocess
from prometheus_client import values as prometheus_values

Side = Literal["http", "rpc_server", "rpc_client"]

disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY: Final = CollectorRegistry()
_LABELS = ("side", "service", "method")
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_REQUESTS = Counter("requests", "Requests answered", _LABELS, registry=REGISTRY)
_SECONDS = Histogram(
    "request_seconds", "Time to answer", _LABELS, buckets=_BUCKETS, registry=REGISTRY
)
_ERRORS = Counter("errors", "Requests that failed", (*_LABELS, "error"), registry=REGISTRY)
_STORE_CALLS = Counter("store_calls", "Statements and commands", ("store",), registry=REGISTRY)
POOL = Gauge(
    "rpc_pool_connections",
    "Connections to a peer",
    ("service", "state"),
    registry=REGISTRY,
    multiprocess_mode="livesum",
)


class Meter:
    """Counts the requests of one method."""

    __slots__ = ("_labels", "_requests", "_seconds")

    def __init__(self, side: Side, service: str, method: str) -> None:
        self._labels = (side, service, method)
        self._requests = _REQUESTS.labels(*self._labels)
        self._seconds = _SECONDS.labels(*self._labels)

    def observe(self, started: float, error: BaseException | None = None) -> float:
        """Count one request that began at `started` (`time.perf_counter`) and how it ended.

        Returns how many seconds it took.
        """
        seconds = time.perf_counter() - started
        self._requests.inc()
        self._seconds.observe(seconds)
        if error is not None:
            _ERRORS.labels(*self._labels, type(error).__name__).inc()
        return seconds


@functools.cache
def meter(side: Side, service: str, method: str) -> Meter:
    """Return the meter of a method; made once."""
    return Meter(side, service, method)


@functools.cache
def store_calls(store: Literal["sql", "redis", "objects"]) -> Counter:
    """Return the counter of calls to one kind of store."""
    return _STORE_CALLS.labels(store)


def render() -> bytes:
    """Return everything in Prometheus' text format, of all processes where several share a port."""
    if prometheus_values.ValueClass.__name__ == "MutexValue":
        return generate_latest(REGISTRY)
    together = CollectorRegistry()
    prometheus_multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return generate_latest(together)
