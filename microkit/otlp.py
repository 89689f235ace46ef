"""OpenTelemetry spans at a fraction of the SDK's cost: how they are recorded, and packed for OTLP.

The SDK's own spans and encoder cost about 100 microseconds of CPU per span, and a request has many
of them in all processes (docs/performance.md). These spans are the SDK's `ReadableSpan`, so its
processor and its exporters take them.
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
from opentelemetry.trace import Link, SpanContext, SpanKind, Status

from microkit import __version__

_SCOPE: Final = InstrumentationScope("microkit", __version__)
# By the value of the SDK's kind: to hash an enum's member takes longer.
_KINDS: Final = tuple(
    trace_pb2.Span.SpanKind.Value(f"SPAN_KIND_{kind.name}")
    for kind in sorted(SpanKind, key=lambda each: each.value)
)
_UNSET: Final = trace_pb2.Status()
_LOCAL_PARENT: Final = trace_pb2.SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK
_REMOTE_PARENT: Final = _LOCAL_PARENT | trace_pb2.SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK


class Description(NamedTuple):
    """What all spans of an operation have in common. `packed` is `attributes` as OTLP has them."""

    name: str
    kind: SpanKind
    attributes: Mapping[str, str]
    packed: Sequence[KeyValue]


def describe(name: str, kind: SpanKind, attributes: Mapping[str, str]) -> Description:
    """Return the description of an operation's spans."""
    packed = [_packed_attribute(key, value) for key, value in attributes.items()]
    return Description(name, kind, attributes, packed)


class RecordedSpan(ReadableSpan):
    """A span that is being recorded, from its creation to `end`. For one thread."""

    def __init__(
        self,
        description: Description,
        ids: SpanContext,
        parent: SpanContext | None,
        resource: Resource,
    ) -> None:
        super().__init__(
            description.name,
            ids,
            parent,
            resource,
            description.attributes,
            kind=description.kind,
            start_time=time.time_ns(),
            instrumentation_scope=_SCOPE,
        )
        self.ids, self.description = ids, description
        self.further: dict[str, Any] = {}

    @property
    def plain(self) -> bool:
        """Whether the span has only what `pack` packs itself."""
        return (
            self._status.is_unset
            and not self._events
            and not self._links
            and not self.ids.trace_state
            and self.further.keys().isdisjoint(self.description.attributes)
        )

    def set_attribute(self, key: str, value: Any) -> None:  # noqa: ANN401
        """Add or replace an attribute."""
        self.further[key] = value
        self._attributes = {**self.description.attributes, **self.further}

    def update_name(self, name: str) -> None:
        """Rename the span."""
        self._name = name

    def add_link(self, context: SpanContext) -> None:
        """Link to a span of another trace."""
        self._links = (*self._links, Link(context))

    def add_event(self, name: str, attributes: Mapping[str, str]) -> None:
        """Add an event of now."""
        self._events = (*self._events, Event(name, dict(attributes), time.time_ns()))

    def set_status(self, status: Status) -> None:
        """Say how the call ended; by default that is not said."""
        self._status = status

    def end(self) -> None:
        """Note that the call ended now."""
        self._end_time = time.time_ns()


def pack(sdk_spans: Sequence[ReadableSpan]) -> ExportTraceServiceRequest:
    """Return spans of this process as the SDK's `encode_spans` does, for a fifth of its CPU.

    The SDK packs the first one, with what they share, and those that failed or have links.
    """
    request = encode_spans(sdk_spans[:1])
    packed = request.resource_spans[0].scope_spans[0].spans
    for span in sdk_spans[1:]:
        if isinstance(span, RecordedSpan) and span.plain:
            _add(packed, span)
        else:
            packed.extend(encode_spans([span]).resource_spans[0].scope_spans[0].spans)
    return request


def _add(packed: Any, span: RecordedSpan) -> None:  # noqa: ANN401 - protobuf's repeated field
    ids, parent, description = span.ids, span.parent, span.description
    further = [_packed_attribute(key, value) for key, value in span.further.items()]
    packed.add(
        trace_id=ids.trace_id.to_bytes(16, "big"),
        span_id=ids.span_id.to_bytes(8, "big"),
        parent_span_id=parent.span_id.to_bytes(8, "big") if parent else None,
        name=span.name,
        kind=_KINDS[description.kind.value],
        start_time_unix_nano=span.start_time,
        end_time_unix_nano=span.end_time,
        attributes=[*description.packed, *further] if further else description.packed,
        status=_UNSET,
        flags=_REMOTE_PARENT if parent is not None and parent.is_remote else _LOCAL_PARENT,
    )


def _packed_attribute(key: str, value: Any) -> KeyValue:  # noqa: ANN401
    if isinstance(value, str):
        packed = AnyValue(string_value=value)
    elif isinstance(value, int):
        packed = AnyValue(int_value=value)
    else:
        packed = AnyValue(double_value=value)
    return KeyValue(key=key, value=packed)
