"""The tracer: samplers, shared loads, protocols, and a collector that does not answer."""

import asyncio
import socket
import time
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest
from fleet import eventually
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource

from microkit import observe, otlp, trace
from microkit.batch import BatchLoader
from microkit.config import ConfigError, Settings, load
from microkit.errors import ParamError
from microkit.observe import observed
from microkit.rpc import metadata
from microkit.rpc.ttheader import TRACEPARENT, Header
from microkit.tracer import Tracer
from microkit.tracing import open_tracing

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED, UNSAMPLED = (f"00-{TRACE}-{CALLER}-{flags}" for flags in ("01", "00"))


@asynccontextmanager
async def tracing(collector, **overrides):
    settings = {"otel_exporter_otlp_endpoint": collector.http, **overrides}
    async with open_tracing("tests", load(Settings, {}, **settings)):
        yield


class Kept:
    """A span processor that keeps the spans."""

    def __init__(self) -> None:
        self.spans = []

    def on_end(self, span) -> None:
        self.spans.append(span)


async def request(work, traceparent: str = "") -> None:
    """Run `work` as a request that came with `traceparent`."""
    metadata.persistent.set({TRACEPARENT: traceparent} if traceparent else {})
    with observed("rpc_server", "service", "Method"):
        await work()


async def sent(collector, traceparent: str = "", **overrides) -> list[str]:
    """The names of the spans of one request with a statement in it."""

    async def work() -> None:
        with observed("sql", "sqlite", "SELECT"):
            pass

    async with tracing(collector, **overrides):
        await asyncio.create_task(request(work, traceparent))
    names = [span.name for span in collector.spans]
    collector.spans.clear()
    return names


@pytest.mark.parametrize(
    ("sampler", "root", "sampled", "unsampled"),
    [
        ("always_on", True, True, True),
        ("always_off", False, False, False),
        ("parentbased_always_on", True, True, False),
        ("parentbased_always_off", False, True, False),
    ],
)
async def test_the_sampler_decides_for_new_and_for_continued_traces(
    collector, sampler, root, sampled, unsampled
):
    whole = ["SELECT", "service/Method"]
    for traceparent, expected in (("", root), (SAMPLED, sampled), (UNSAMPLED, unsampled)):
        names = await sent(collector, traceparent, otel_traces_sampler=sampler)
        assert names == (whole if expected else []), traceparent


async def test_a_ratio_samples_its_share_of_new_traces_and_whole_ones_only(collector):
    async def work() -> None:
        with observed("rpc_client", "other", "Call"):
            pass

    ratio = {"otel_traces_sampler": "parentbased_traceidratio", "otel_traces_sampler_arg": 0.25}
    async with tracing(collector, **ratio):
        for _ in range(1000):
            await asyncio.create_task(request(work))
    calls = {span.trace_id for span in collector.spans if span.name == "other/Call"}
    requests = {span.trace_id for span in collector.spans if span.name == "service/Method"}
    assert calls == requests
    assert 150 < len(requests) < 350  # seven standard deviations


async def test_the_next_hop_gets_the_span_of_the_call_and_the_decision(collector):
    seen = []

    async def work() -> None:
        with observed("rpc_client", "other", "Call"):
            seen.append(metadata.persistent.get()[TRACEPARENT])

    async with tracing(collector):
        await asyncio.create_task(request(work, SAMPLED))
        await asyncio.create_task(request(work, UNSAMPLED))
    (call,) = [span for span in collector.spans if span.name == "other/Call"]
    assert seen == [f"00-{TRACE}-{call.span_id}-01", UNSAMPLED]


async def test_a_process_without_tracing_passes_the_trace_context_on():
    texts = {
        "RPC_TRANSIT_TRACEPARENT": SAMPLED,
        "RPC_TRANSIT_tracestate": "a=b",
        "RPC_TRANSIT_x": "y",
    }
    assert Header(texts=texts).persistent() == {
        "RPC_TRANSIT_traceparent": SAMPLED,
        "RPC_TRANSIT_tracestate": "a=b",
    }


async def test_a_shared_load_is_in_the_first_sampled_trace_and_the_others_link_to_it(collector):
    async def fetch(keys):
        with observed("rpc_client", "other", "Load"):
            return {key: key for key in keys}

    loader = BatchLoader(fetch)
    callers = (UNSAMPLED, SAMPLED, "", "")

    async def join() -> None:
        assert await loader.one(len(callers)) == len(callers)

    async with tracing(collector):
        await asyncio.gather(*(request(join, caller) for caller in callers))
    spans = [span for span in collector.spans if span.name == "service/Method"]
    (load_span,) = [span for span in collector.spans if span.name == "other/Load"]
    (first,) = [span for span in spans if span.trace_id == TRACE]
    assert load_span.parent_id == first.span_id
    assert first.links == []
    others = [span for span in spans if span is not first]
    assert [span.links for span in others] == [[(TRACE, first.span_id)]] * 2


async def test_spans_are_sent_by_grpc_too_and_carry_the_resource(collector):
    async with tracing(
        collector,
        otel_exporter_otlp_endpoint=f"http://{collector.grpc}",
        otel_exporter_otlp_protocol="grpc",
        otel_service_name="renamed",
    ):
        await asyncio.create_task(request(lambda: asyncio.sleep(0)))
    assert [span.service for span in collector.spans] == ["renamed"]


async def test_a_failed_call_is_recorded_without_secrets(collector):
    async with tracing(collector):
        with pytest.raises(ValueError, match="hunter2"):
            with observed("rpc_server", "service", "Method"):
                raise ValueError("password=hunter2")
    (span,) = collector.spans
    assert (span.status, span.attributes["error.type"]) == (2, "ValueError")
    assert "ValueError" in span.events[0]
    assert "hunter2" not in str(span.events)


@pytest.mark.parametrize(
    "off",
    [
        {"otel_sdk_disabled": True},
        {"otel_traces_exporter": "none"},
        {"otel_exporter_otlp_endpoint": ""},
    ],
)
async def test_the_standards_switches_turn_tracing_off(collector, off):
    async with tracing(collector, **off):
        assert observe.observers == []


async def test_a_collector_that_does_not_answer_delays_the_stop_by_seconds_only(collector, caplog):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(
                tracing(collector, otel_exporter_otlp_endpoint=endpoint)
            )
            await asyncio.create_task(request(lambda: asyncio.sleep(0)))
            started = time.monotonic()
        assert time.monotonic() - started < 10  # it is given 2
    assert "the last spans are lost" in caplog.text


async def test_an_invalid_resource_is_named(collector):
    with pytest.raises(ConfigError, match="OTEL_RESOURCE_ATTRIBUTES"):
        async with tracing(collector, otel_resource_attributes="nothing"):
            pass


async def test_the_current_span_ends_with_its_call(collector):
    async with tracing(collector):
        with observed("rpc_server", "service", "Method"):
            outer = trace.current.get()
            with observed("redis", "redis", "GET"):
                assert trace.current.get() is not outer
            assert trace.current.get() is outer
        assert trace.current.get() is None
    await eventually(lambda: len(collector.spans) == 2)


async def test_spans_are_packed_as_the_sdk_packs_them():
    kept, resource = Kept(), Resource.create({"service.name": "tests"})
    tracer = Tracer(kept, resource, "parentbased_always_on", 1.0)

    async def work() -> None:
        for error in (None, ParamError("no"), ValueError("bug")):
            with suppress(Exception), observed("sql", "sqlite", "SELECT"):
                trace.annotate("db.query.text", "SELECT 1")
                trace.annotate("rows", 7)
                trace.annotate("share", 0.5)
                if error is not None:
                    raise error
        trace.current.get().update_name("renamed")
        trace.current.get().set_attribute("rpc.method", "replaced")
        tracer.hand_over()
        trace.current.get().add_link(kept.spans[0])
        with observed("rpc_client", "other", "Get"):
            pass

    observe.observers.append(tracer)
    try:
        await asyncio.create_task(request(work, SAMPLED))
        await asyncio.create_task(request(work))
    finally:
        observe.observers.remove(tracer)
    tracer.hand_over()
    assert len(kept.spans) == 10
    assert sum(span.plain for span in kept.spans) == 6
    for first in range(len(kept.spans)):
        spans = kept.spans[first:] + kept.spans[:first]
        assert otlp.pack(spans) == encode_spans([span.readable() for span in spans])
