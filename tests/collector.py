"""An OpenTelemetry collector for tests: takes spans by OTLP over HTTP and gRPC."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as transport


@dataclass(frozen=True)
class Recorded:
    """One span as it arrived; ids are hexadecimal, an empty parent means none."""

    service: str
    name: str
    kind: int
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, Any] = field(repr=False)
    links: list[tuple[str, str]]
    status: int
    events: list[str]


class Collector:
    """The spans that arrived, and the addresses to send them to."""

    def __init__(self) -> None:
        self.spans: list[Recorded] = []
        self.http = ""
        self.grpc = ""

    def trace(self, trace_id: str) -> list[Recorded]:
        return [span for span in self.spans if span.trace_id == trace_id]

    def receive(self, request: Any) -> None:
        for resource in request.resource_spans:
            name = attributes(resource.resource.attributes)["service.name"]
            for scope in resource.scope_spans:
                self.spans.extend(recorded(name, span) for span in scope.spans)


def attributes(pairs: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in pairs}


def recorded(service_name: str, span: Any) -> Recorded:
    return Recorded(
        service_name,
        span.name,
        span.kind,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        attributes(span.attributes),
        [(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
        span.status.code,
        [str(attributes(event.attributes)) for event in span.events],
    )


@contextmanager
def open_collector() -> Iterator[Collector]:
    collector = Collector()

    class Http(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/v1/traces"
            collector.receive(service.ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Grpc(transport.TraceServiceServicer):
        def Export(self, request: Any, context: Any) -> Any:
            collector.receive(request)
            return service.ExportTraceServiceResponse()

    web = ThreadingHTTPServer(("127.0.0.1", 0), Http)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    rpc = grpc.server(ThreadPoolExecutor(4))
    transport.add_TraceServiceServicer_to_server(Grpc(), rpc)
    collector.http = f"http://127.0.0.1:{web.server_port}"
    collector.grpc = f"127.0.0.1:{rpc.add_insecure_port('127.0.0.1:0')}"
    rpc.start()
    try:
        yield collector
    finally:
        rpc.stop(None).wait()
        web.shutdown()
        web.server_close()


def orphans(spans: list[Recorded], *outside: str) -> list[Recorded]:
    """The spans whose parent is neither among them nor one of the ids `outside`."""
    known = {span.span_id for span in spans} | {*outside, ""}
    return [span for span in spans if span.parent_id not in known]
