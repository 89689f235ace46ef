"""The observer that records OpenTelemetry spans.

Whether a request is sampled is decided once per process, when the request enters it. In a request
that is not sampled a call costs a look at a context variable.
"""

import asyncio
import logging
import random
import threading
import traceback
from asyncio import CancelledError
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, Protocol
from urllib.parse import unquote

from aiohttp import web
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import SpanKind, Status, StatusCode

from microkit import __version__, otlp, trace
from microkit.config import ConfigError, Settings
from microkit.errors import (
    AlreadyExists,
    Error,
    Forbidden,
    NotFound,
    ParamError,
    Unauthorized,
)
from microkit.log import redact
from microkit.observe import Ended, Operation, Side
from microkit.rpc import metadata
from microkit.rpc.ttheader import TRACEPARENT, TRACESTATE

_log = logging.getLogger(__name__)
_ENTRIES: Final = frozenset({"http", "rpc_server"})  # on which a request enters the process
_FORWARDING: Final = _ENTRIES | {"rpc_client", "objects"}
_CALLERS_FAULT: Final = (ParamError, AlreadyExists, Unauthorized, NotFound, Forbidden)
_CLOSE_SECONDS: Final = 2.0
# Two of the few lines that every call of every request runs.
_span: Final = trace.current.get
_values: Final = metadata.persistent.get
_GROUP: Final = 64  # spans
_GROUP_SECONDS: Final = 1.0
_KINDS: Final[Mapping[Side, SpanKind]] = {
    "http": SpanKind.SERVER,
    "rpc_server": SpanKind.SERVER,
    "rpc_client": SpanKind.CLIENT,
    "sql": SpanKind.CLIENT,
    "redis": SpanKind.CLIENT,
    "objects": SpanKind.CLIENT,
    "media": SpanKind.INTERNAL,
}


class Processor(Protocol):
    """What the tracer uses of the SDK's span processor."""

    def on_end(self, span: Any) -> None: ...  # noqa: ANN401, D102

    def shutdown(self) -> Any: ...  # noqa: ANN401, D102


class Tracer:
    """An observer: makes a span of every call of a sampled request.

    The processor gets the spans in groups: one by one its code would have to be fetched into the
    processor's caches for each of them.
    """

    def __init__(
        self, processor: Processor, resource: Resource, sampler: str, ratio: float
    ) -> None:
        self._processor, self._resource = processor, resource
        self._descriptions: dict[Operation, otlp.Description] = {}
        self._ended: list[otlp.RecordedSpan] = []
        self._follows_parent = sampler.startswith("parentbased_")
        rate = {"always_on": 1.0, "always_off": 0.0}.get(
            sampler.removeprefix("parentbased_"), ratio
        )
        # Of a trace id the lower half, as hexadecimal text: as the SDK's sampler samples.
        bound = TraceIdRatioBased.get_bound_for_rate(rate)
        self._bound = f"{bound:016x}" if bound <= TraceIdRatioBased.TRACE_ID_LIMIT else "g"

    def __call__(self, operation: Operation) -> Ended | None:
        """Start the span of a call, if its request is sampled."""
        # The side by its index: a named field takes twice as long.
        if operation[0] in _ENTRIES:
            return self._enter(operation)
        outer = _span()
        if outer is None:
            return None
        return self._start(operation, outer.as_parent())

    def hand_over(self) -> None:
        """Give the ended spans to the processor."""
        ended, self._ended = self._ended, []
        for span in ended:
            self._processor.on_end(span)

    def _enter(self, operation: Operation) -> Ended | None:
        """Decide whether the request is sampled; then start its first span in this process.

        The SDK's samplers come to the same decision, for three times the CPU.
        """
        if _span() is not None:
            trace.current.set(None)
        values = _values()
        traceparent = values.get(TRACEPARENT)
        if not traceparent:
            request_id = values.get(metadata.REQUEST_ID, "")
            if not metadata.is_trace_id(request_id):
                return self._begin_unnamed(operation, values)
            new = operation[0] == "http"
            if new and request_id[-16:] < self._bound:
                return self._start(operation, otlp.Parent(request_id, ""))
            if new or self._follows_parent:
                return None
            traceparent = metadata.unsampled(request_id)
        elif self._follows_parent and traceparent.endswith("-00"):
            return None
        parsed = trace.parse(traceparent)
        if parsed is None:
            return self._begin_unnamed(operation, values)
        trace_id, span_id, sampled = parsed
        if sampled if self._follows_parent else trace_id[-16:] < self._bound:
            state = values.get(TRACESTATE, "")
            return self._start(operation, otlp.Parent(trace_id, span_id, True, state))
        metadata.persistent.set({**values, TRACEPARENT: f"00-{trace_id}-{_new_span_id()}-00"})
        return None

    def _begin_unnamed(self, operation: Operation, values: Mapping[str, str]) -> Ended | None:
        """Begin the trace of a call from a process that records none."""
        trace_id = metadata.new_trace_id()
        if trace_id[-16:] < self._bound:
            return self._start(operation, otlp.Parent(trace_id, ""))
        metadata.persistent.set({**values, TRACEPARENT: metadata.unsampled(trace_id)})
        return None

    def _start(self, operation: Operation, parent: otlp.Parent) -> Ended:
        side = operation[0]
        description = self._descriptions.get(operation)
        if description is None:
            description = self._descriptions[operation] = _describe(operation, self._resource)
        span = otlp.RecordedSpan(description, parent, _new_span_id())
        outer_span, outer_values = _span(), _values()
        trace.current.set(span)
        if side in _FORWARDING:
            # Only this flag: Go's SDKs refuse a traceparent whose flags are above 2.
            text = f"00-{parent.trace_id}-{span.span_id}-01"
            metadata.persistent.set({**outer_values, TRACEPARENT: text})

        def ended(_seconds: float, error: BaseException | None) -> dict[str, str] | None:
            if error is not None:
                _fail(span, error)
            span.end()
            self._ended.append(span)
            if len(self._ended) >= _GROUP:
                self.hand_over()
            trace.current.set(outer_span)
            if side in _ENTRIES:
                # Log lines of the request that follow still name its span. One exemplar a request
                # and process suffices: they cost as much as the span.
                return {"trace_id": parent.trace_id}
            metadata.persistent.set(outer_values)
            return None

        return ended


def _new_span_id() -> str:
    return "%016x" % (random.getrandbits(64) or 1)  # faster than an f-string


def _describe(operation: Operation, resource: Resource) -> otlp.Description:
    name, attributes = _conventional(operation)
    return otlp.describe(name, _KINDS[operation.side], attributes, resource)


def _conventional(operation: Operation) -> tuple[str, dict[str, str]]:
    """Return name and attributes of a span, after OpenTelemetry's conventions."""
    side, service, method = operation
    if side in ("rpc_server", "rpc_client"):
        # "kitex" is what Kitex's own spans say: queries for it find both.
        attributes = {"rpc.system": "kitex", "rpc.service": service, "rpc.method": method}
        return f"{service}/{method}", attributes
    if side in ("sql", "redis"):
        return method, {"db.system.name": service, "db.operation.name": method}
    if side == "http":
        return method, {"code.function.name": method}
    return f"{side} {method}", {f"{side}.system": service}


def _fail(span: otlp.RecordedSpan, error: BaseException) -> None:
    span.set_attribute("error.type", type(error).__name__)
    if isinstance(error, (CancelledError, ConnectionError, *_CALLERS_FAULT)):
        return
    if isinstance(error, web.HTTPException) and error.status < 500:
        return
    span.set_status(Status(StatusCode.ERROR, redact(str(error))))
    if not isinstance(error, Error):
        span.add_event(
            "exception",
            {
                "exception.type": type(error).__name__,
                "exception.message": redact(str(error)),
                "exception.stacktrace": redact("".join(traceback.format_exception(error))),
            },
        )


def _exporter(settings: Settings) -> SpanExporter:
    """Return the SDK's exporter, with our packing."""
    endpoint = settings.otel_exporter_otlp_endpoint
    traces = settings.otel_exporter_otlp_traces_endpoint
    if settings.otel_exporter_otlp_protocol == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc import trace_exporter as grpc

        grpc.encode_spans = otlp.pack  # type: ignore[attr-defined, assignment]
        return grpc.OTLPSpanExporter(endpoint=traces or endpoint)
    from opentelemetry.exporter.otlp.proto.http import trace_exporter as http

    http.encode_spans = otlp.pack  # type: ignore[attr-defined, assignment]
    return http.OTLPSpanExporter(endpoint=traces or f"{endpoint.rstrip('/')}/v1/traces")


def _resource(service: str, settings: Settings) -> Resource:
    attributes = {"service.name": service, "service.version": __version__}
    for pair in filter(None, settings.otel_resource_attributes.split(",")):
        name, separator, value = pair.partition("=")
        if not separator or not name.strip():
            raise ConfigError("OTEL_RESOURCE_ATTRIBUTES: want name=value,name=value")
        attributes[name.strip()] = unquote(value.strip())
    if settings.otel_service_name:
        attributes["service.name"] = settings.otel_service_name
    return Resource.create().merge(Resource(dict(attributes)))


@asynccontextmanager
async def open_tracer(service: str, settings: Settings) -> AsyncIterator[Tracer]:
    """Open a tracer that sends its spans in the background; the last ones at the end."""
    processor = BatchSpanProcessor(_exporter(settings))
    sampler, ratio = settings.otel_traces_sampler, settings.otel_traces_sampler_arg
    tracer = Tracer(processor, _resource(service, settings), sampler, ratio)
    regularly = asyncio.create_task(_hand_over_regularly(tracer))
    try:
        yield tracer
    finally:
        regularly.cancel()
        tracer.hand_over()
        if not await _shut_down(processor):
            _log.warning("the last spans are lost: the trace collector does not answer")


async def _hand_over_regularly(tracer: Tracer) -> None:
    while True:
        await asyncio.sleep(_GROUP_SECONDS)
        tracer.hand_over()


async def _shut_down(processor: Processor) -> bool:
    """Send the last spans; return whether that ended within the time limit.

    The thread is a daemon and not one of the loop's, which would be waited for at exit.
    """
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def shut_down() -> None:
        processor.shutdown()
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=shut_down, name="otel-shutdown", daemon=True).start()
    with suppress(TimeoutError):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await ended.wait()
    return ended.is_set()
