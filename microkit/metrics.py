"""Prometheus metrics of every process: requests, latency, errors, store calls.

`microkit.saturation` has those of limits, and each service those of its own events.
"""

from collections import Counter as Totals
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

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
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY: Final = CollectorRegistry()
_LABELS = ("side", "service", "method")
_TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
_STORES = ("sql", "redis", "objects")
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SECONDS = Histogram(
    "request_seconds", "Duration of a call", _LABELS, buckets=_BUCKETS, registry=REGISTRY
)
_ERRORS = Counter("errors", "Requests that failed", (*_LABELS, "error"), registry=REGISTRY)
POOL = Gauge(
    "rpc_pool_connections",
    "Connections to a peer",
    ("service", "state"),
    registry=REGISTRY,
    multiprocess_mode="livesum",
)


def counter(name: str, documentation: str, **values: Sequence[str]) -> Counter:
    """Return a counter of events in a service.

    Args:
        name: in snake case, without the suffix ``_total``.
        documentation: what one event is.
        values: the values of its label by the label's name. They are exported from the start, so
            that the first event counts too.
    """
    made = Counter(name, documentation, tuple(values), registry=REGISTRY)
    for label, each in values.items():
        for value in each:
            made.labels(**{label: value})
    return made


class Meter:
    """Counts the calls of one method on one side (client, server, store)."""

    __slots__ = ("_labels", "_seconds")

    def __init__(self, side: str, service: str, method: str) -> None:
        self._labels = (side, service, method)
        self._seconds = _SECONDS.labels(*self._labels)

    def observe(
        self,
        seconds: float,
        error: BaseException | None = None,
        exemplar: Mapping[str, str] | None = None,
    ) -> None:
        """Count one call of `seconds`, and its error if it failed."""
        self._seconds.observe(seconds, exemplar)  # type: ignore[arg-type] # it is not modified
        if error is not None:
            _ERRORS.labels(*self._labels, type(error).__name__).inc()


class _Counts(Collector):
    """``requests`` and ``store_calls``, derived from the histogram's counts."""

    def __init__(self, source: Callable[[], Iterable[Metric]]) -> None:
        self._source = source

    def collect(self) -> Iterable[Metric]:
        """Return both metric families."""
        requests = CounterMetricFamily("requests", "Requests answered", labels=_LABELS)
        calls: Totals[str] = Totals()
        for family in self._source():
            for sample in family.samples:
                if sample.name == "request_seconds_count":
                    requests.add_metric([sample.labels[name] for name in _LABELS], sample.value)
                    calls[sample.labels["side"]] += int(sample.value)
        stores = CounterMetricFamily("store_calls", "Statements and commands", labels=("store",))
        for store in _STORES:
            stores.add_metric((store,), calls[store])
        return requests, stores


REGISTRY.register(_Counts(_SECONDS.collect))


def render(accept: str = "") -> tuple[bytes, str]:
    """Return all metrics, summed over the processes of a port, and their content type.

    A caller that accepts OpenMetrics gets it with exemplars, unless several processes share the
    port: their files hold none.
    """
    if prometheus_values.ValueClass.__name__ == "MutexValue":
        encode, content_type = choose_encoder(accept)
        return encode(REGISTRY), content_type
    combined = CollectorRegistry()
    files = prometheus_multiprocess.MultiProcessCollector(combined)  # type: ignore[no-untyped-call]
    combined.register(_Counts(files.collect))
    return generate_latest(combined), _TEXT
