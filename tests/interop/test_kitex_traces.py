"""Traces through a service written with Kitex and its own OpenTelemetry provider."""

import asyncio

from collector import orphans
from fleet import eventually
from interop.kitex import go_server
from interop.test_we_call_kitex import client

from microkit.observe import observed
from microkit.rpc import metadata
from microkit.rpc.metadata import REQUEST_ID
from microkit.rpc.ttheader import TRACEPARENT
from microkit.tracing import open_tracing

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED, UNSAMPLED = (f"00-{TRACE}-{CALLER}-{flags}" for flags in ("01", "00"))
VIDEO = 1


async def test_a_trace_stays_whole_through_a_kitex_service_in_the_middle(
    modern, slow, settings, collector
):
    async def like(traceparent: str) -> None:
        metadata.persistent.set({REQUEST_ID: "the-id", TRACEPARENT: traceparent})
        with observed("http", "api", "FavoriteMethod"):
            await ours.FavoriteMethod(user_id=1, video_id=VIDEO, action_type=1)

    # ours → Kitex's favoriteservice → ours
    how = ("-videos", f"127.0.0.1:{slow.port}", "-otlp", collector.grpc)
    # The provider hands on no trace context of a request that is not sampled. With this sampler
    # the next hop then begins no trace of its own.
    own = settings(
        otel_exporter_otlp_endpoint=collector.http, otel_traces_sampler="parentbased_always_off"
    )
    async with open_tracing("ours", own), go_server(modern, "favoriteservice", *how) as go:
        ours = client(settings, "favoriteservice", go.port)
        await asyncio.create_task(like(UNSAMPLED))
        await asyncio.create_task(like(SAMPLED))
        await eventually(lambda: len(collector.spans) >= 5)
        await ours.close()
    assert orphans(collector.spans, CALLER) == []
    assert {span.trace_id for span in collector.spans} == {TRACE}
    chain, parent = [], CALLER
    while found := [span for span in collector.spans if span.parent_id == parent]:
        (span,) = found
        chain.append((span.service, span.name.rpartition("/")[2], span.kind))
        parent = span.span_id
    assert chain == [
        ("ours", "FavoriteMethod", 2),
        ("ours", "FavoriteMethod", 3),
        ("favoriteservice", "FavoriteMethod", 2),
        ("favoriteservice", "GetVideoAuthorIdMethod", 3),
        ("ours", "GetVideoAuthorIdMethod", 2),
    ]
    assert len(chain) == len(collector.spans)
    assert slow.started == 2
    assert slow.seen[1]["RPC_PERSIST_REQUEST_ID"] == "the-id"
