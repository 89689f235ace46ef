"""OpenTelemetry spans at a fraction of the SDK's cost: how they are recorded, and packed for OTLP.

A request has many spans in all processes, and most are recorded by code that has not run for a
while, which takes the CPU several times as long as in a loop (docs/performance.md). So recording
does little: the ids stay text, and the SDK's processor and its exporters get the spans in groups.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, TraceFlags, TraceState

from microkit import __version__

_SCOPE: Final = InstrumentationScope("microkit", __version__)
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_UNSET: Final = trace_pb2.Status()
_LOCAL_PARENT: Final = trace_pb2.SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK
_REMOTE_PARENT: Final = _LOCAL_PARENT | trace_pb2.SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK


class Description(NamedTuple):
    """What all spans of an operation have in common; `packed_…` is what OTLP has for it."""

    name: str
    kind: SpanKind
    attributes: Mapping[str, str]
    resource: Resource
    packed_kind: int
    packed_attributes: Sequence[KeyValue]


def describe(
    name: str, kind: SpanKind, attributes: Mapping[str, str], resource: Resource
) -> Description:
    """Return the description of an operation's spans in a process, which is the resource."""
    packed = [_packed_attribute(key, value) for key, value in attributes.items()]
    packed_kind = trace_pb2.Span.SpanKind.Value(f"SPAN_KIND_{kind.name}")
    return Description(name, kind, attributes, resource, packed_kind, packed)


class Parent(NamedTuple):
    """What a span continues: ids as hexadecimal text, whether they are a caller's, tracestate."""

    trace_id: str
    span_id: str
    remote: bool = False
    state: str = ""


class RecordedSpan:
    """A span that is being recorded, from its creation to `end`. For one thread.

    Args:
        description: what it has in common with other spans.
        parent: what it continues; with an empty span id it is the first one of its trace.
        span_id: its own id, 16 hexadecimal digits.
    """

    __slots__ = (
        "_ended", "_events", "_links", "_name", "_started", "_status", "description", "further",
        "parent", "span_id",
    )  # fmt: skip

    # All that the SDK's processor looks at: whether the span is to be exported.
    context: Final = SpanContext(1, 1, False, _SAMPLED)

    def __init__(self, description: Description, parent: Parent, span_id: str) -> None:
        self.description, self.parent, self.span_id = description, parent, span_id
        self._name = description.name
        self.further: dict[str, Any] = {}
        self._links: tuple[Link, ...] = ()
        self._events: tuple[Event, ...] = ()
        self._status: Status | None = None
        self._started = self._ended = time.time_ns()

    @property
    def plain(self) -> bool:
        """Whether the span has only what `pack` packs itself."""
        return (
            self._status is None
            and not self._events
            and not self._links
            and not self.parent.state
            and self.further.keys().isdisjoint(self.description.attributes)
        )

    def set_attribute(self, key: str, value: Any) -> None:  # noqa: ANN401
        """Add or replace an attribute."""
        self.further[key] = value

    def update_name(self, name: str) -> None:
        """Rename the span."""
        self._name = name

    def add_link(self, other: "RecordedSpan") -> None:
        """Link to a span of another trace."""
        self._links = (*self._links, Link(other.ids()))

    def add_event(self, name: str, attributes: Mapping[str, str]) -> None:
        """Add an event of now."""
        self._events = (*self._events, Event(name, dict(attributes), time.time_ns()))

    def set_status(self, status: Status) -> None:
        """Say how the call ended; by default that is not said."""
        self._status = status

    def end(self) -> None:
        """Note that the call ended now."""
        self._ended = time.time_ns()

    def as_parent(self) -> Parent:
        """Return what a span of a call that this one makes continues."""
        trace_id, _, _, state = self.parent
        return Parent(trace_id, self.span_id, False, state)

    def ids(self) -> SpanContext:
        """Return the span's ids as the SDK has them."""
        return _ids(self.parent, self.span_id, remote=False)

    def readable(self) -> ReadableSpan:
        """Return the span as the SDK has it."""
        parent, description = self.parent, self.description
        return ReadableSpan(
            self._name,
            self.ids(),
            _ids(parent, parent.span_id, remote=parent.remote) if parent.span_id else None,
            description.resource,
            {**description.attributes, **self.further},
            self._events,
            self._links,
            description.kind,
            None,
            Status() if self._status is None else self._status,
            self._started,
            self._ended,
            _SCOPE,
        )

    def add_to(self, packed: Any) -> None:  # noqa: ANN401 - protobuf's repeated field
        """Add the span, which is plain, to the spans of a message."""
        parent, description = self.parent, self.description
        further = [_packed_attribute(key, value) for key, value in self.further.items()]
        packed.add(
            trace_id=bytes.fromhex(parent.trace_id),
            span_id=bytes.fromhex(self.span_id),
            parent_span_id=bytes.fromhex(parent.span_id) if parent.span_id else None,
            name=self._name,
            kind=description.packed_kind,
            start_time_unix_nano=self._started,
            end_time_unix_nano=self._ended,
            attributes=[*description.packed_attributes, *further],
            status=_UNSET,
            flags=_REMOTE_PARENT if parent.remote else _LOCAL_PARENT,
        )


def pack(spans: Sequence[RecordedSpan]) -> ExportTraceServiceRequest:
    """Return spans of this process as the SDK's `encode_spans` does, for a fifth of its CPU.

    The SDK packs the first one, with what they share, and those that failed or have links.
    """
    request = encode_spans([spans[0].readable()])
    packed = request.resource_spans[0].scope_spans[0].spans
    for span in spans[1:]:
        if span.plain:
            span.add_to(packed)
        else:
            packed.extend(encode_spans([span.readable()]).resource_spans[0].scope_spans[0].spans)
    return request


def _ids(parent: Parent, span_id: str, *, remote: bool) -> SpanContext:
    state = TraceState.from_header([parent.state]) if parent.state else None
    return SpanContext(int(parent.trace_id, 16), int(span_id, 16), remote, _SAMPLED, state)


def _packed_attribute(key: str, value: Any) -> KeyValue:  # noqa: ANN401
    if isinstance(value, str):
        packed = AnyValue(string_value=value)
    elif isinstance(value, int):
        packed = AnyValue(int_value=value)
    else:
        packed = AnyValue(double_value=value)
    return KeyValue(key=key, value=packed)
