"""The trace of a request: its recorded span and its W3C trace context; works without an SDK.

The trace context is one of the values that every hop forwards (`microkit.rpc.metadata`), so logs
and RPCs have it. `microkit.tracer` makes the spans.
"""

import contextvars
import re
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Final, Protocol

from microkit.rpc import metadata
from microkit.rpc.ttheader import TRACEPARENT, TRACESTATE

HEADER: Final = "traceparent"
"""The HTTP header, as its standard names it."""

_TRACEPARENT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?"
)
_MAX_TRACESTATE: Final = 512  # characters: what the standard obliges to forward


class Span(Protocol):
    """What this project uses of OpenTelemetry's span."""

    def set_attribute(self, key: str, value: Any) -> None: ...  # noqa: ANN401, D102

    def update_name(self, name: str) -> None: ...  # noqa: D102

    def add_link(self, other: Any) -> None: ...  # noqa: ANN401, D102

    def as_parent(self) -> Any: ...  # noqa: ANN401, D102


current: ContextVar[Span | None] = ContextVar("span", default=None)
"""The recorded span of the running call; None if its request is not sampled."""


class Traceparent(tuple[str, str, bool]):
    """A parsed traceparent: trace id, span id, sampled."""

    __slots__ = ()


def parse(traceparent: str) -> Traceparent | None:
    """Return the parts of a traceparent, None if it is invalid."""
    found = _TRACEPARENT.fullmatch(traceparent)
    if found is None or (traceparent.startswith("00") and len(traceparent) != 55):
        return None
    return Traceparent((found[1], found[2], bool(int(found[3], 16) & 1)))


def annotate(key: str, value: str | float) -> None:
    """Set an attribute of the current span, if there is one."""
    if (span := current.get()) is not None:
        span.set_attribute(key, value)


def shared(load: contextvars.Context, span: Span) -> contextvars.Context:
    """Return the context of a shared load that the caller with `span` joins.

    The load belongs to the trace of its first sampled caller. The spans of later ones get a link to
    that caller's, because a span has one parent only.
    """
    first = load.get(current)
    if first is None:
        return contextvars.copy_context()
    if first is not span:
        span.add_link(first)
    return load


def accept(headers: Mapping[str, str]) -> None:
    """Continue the trace that a request's HTTP headers name, if they are valid."""
    traceparent = headers.get(HEADER, "")
    if not traceparent or parse(traceparent) is None:
        return
    values = {**metadata.persistent.get(), TRACEPARENT: traceparent}
    state = headers.get("tracestate", "")
    if state and len(state) <= _MAX_TRACESTATE and state.isascii() and state.isprintable():
        values[TRACESTATE] = state
    metadata.persistent.set(values)


def recorded() -> str:
    """Return the traceparent of the request's last span; empty if the request is not recorded."""
    traceparent = metadata.persistent.get().get(TRACEPARENT, "")
    return traceparent if traceparent.endswith("-01") else ""


def headers() -> dict[str, str]:
    """Return the HTTP headers that pass the current trace on; none if it is not recorded."""
    if current.get() is None:
        return {}
    values = metadata.persistent.get()
    names = {HEADER: TRACEPARENT, "tracestate": TRACESTATE}
    return {name: values[key] for name, key in names.items() if key in values}


def ids() -> tuple[str, str]:
    """Return the trace id and the span id for a log line; empty outside of a trace."""
    values = metadata.explicit(metadata.persistent.get())
    parent = parse(values.get(TRACEPARENT, ""))
    return (parent[0], parent[1]) if parent else ("", "")
