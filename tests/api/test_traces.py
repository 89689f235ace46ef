"""OpenTelemetry traces of requests, as a collector receives them."""

import asyncio
import json
import logging
import re
import uuid

import pytest
from collector import orphans
from fleet import eventually

from microkit import observe
from microkit.log import Json, Lines

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED, UNSAMPLED = (f"00-{TRACE}-{CALLER}-{flags}" for flags in ("01", "00"))
SERVER, CLIENT = 2, 3

embedded = pytest.mark.parametrize("world", ["embedded"], indirect=True)


@pytest.fixture
async def traced(open_http, collector):
    """An API that traces everything, in a process with the five services."""
    async with open_http(otel_exporter_otlp_endpoint=collector.http) as http:
        yield http


async def like(http, headers, video=404) -> dict[str, str]:
    """Like a video as a new user; returns the response's headers."""
    person = await http.register(uuid.uuid4().hex)
    query = {"token": person.token, "video_id": str(video), "action_type": "1"}
    path = f"{http.base}/douyin/favorite/action/"
    async with http.session.post(path, params=query, headers=headers) as response:
        return dict(response.headers)


async def finished(collector, trace_id: str, count: int):
    await eventually(lambda: len(collector.trace(trace_id)) >= count)
    return collector.trace(trace_id)


async def test_an_upload_and_a_like_are_one_trace_each_through_every_hop(
    traced, collector, clip, world
):
    person = await traced.register("tracing")
    headers = {"traceparent": SAMPLED, "tracestate": "rojo=00f067aa0ba902b7,congo=t61"}
    traced.session.headers.update(headers)
    await traced.publish(person, clip)
    traced.session.headers.clear()
    await eventually(lambda: "POST /douyin/publish/action/" in {s.name for s in collector.spans})
    spans = collector.trace(TRACE)
    assert orphans(spans, CALLER) == []
    sides = {(span.kind, span.name) for span in spans}
    assert {
        (SERVER, "POST /douyin/publish/action/"),
        (1, "media process"),
        (CLIENT, "objects put"),
        (CLIENT, "videoservice/CreateVideoMethod"),
        (SERVER, "videoservice/CreateVideoMethod"),
        (CLIENT, "INSERT"),
    } <= sides
    inserts = [span for span in spans if span.name == "INSERT"]  # of the row and of its terms
    for insert in inserts:
        assert insert.attributes["db.query.text"].startswith("INSERT ")
        assert insert.attributes["db.system.name"] == ("sqlite" if world == "embedded" else "mysql")
    assert person.token not in str(spans)

    video = await traced.first_video(person)
    answer = await like(traced, {}, video)
    trace_id = answer["traceparent"].split("-")[1]
    assert trace_id != TRACE
    await eventually(lambda: any(s.parent_id == "" for s in collector.trace(trace_id)))
    spans = collector.trace(trace_id)
    assert orphans(spans) == []
    assert {span.service for span in spans} == {"api"}  # one process in this test
    assert {"like", "favoriteservice/FavoriteMethod", "POST /douyin/favorite/action/"} <= {
        span.name for span in spans
    }


@embedded
async def test_a_trace_is_taken_from_http_and_given_back(traced, collector):
    answer = await like(traced, {"traceparent": SAMPLED})
    version, trace_id, span_id, flags = answer["traceparent"].split("-")
    assert (version, trace_id, flags) == ("00", TRACE, "01")
    await eventually(lambda: span_id in {span.span_id for span in collector.trace(TRACE)})
    (first,) = [span for span in collector.trace(TRACE) if span.span_id == span_id]
    assert (first.parent_id, first.kind) == (CALLER, SERVER)
    assert first.attributes["http.request.method"] == "POST"
    assert first.attributes["app.status_code"] == 10007  # there is no such video
    assert first.attributes["http.route"] == "/douyin/favorite/action/"


@embedded
async def test_a_wrong_traceparent_begins_a_new_trace(traced):
    for wrong in (
        "",
        "00",
        SAMPLED + "-00",
        SAMPLED.upper(),
        SAMPLED.replace(CALLER, "0" * 16),
        SAMPLED.replace("00-", "ff-", 1),
    ):
        answer = await like(traced, {"traceparent": wrong})
        assert answer["traceparent"].split("-")[1] != TRACE


@embedded
async def test_a_callers_decision_not_to_sample_is_followed(traced, collector):
    answer = await like(traced, {"traceparent": UNSAMPLED})
    assert "traceparent" not in answer
    seen = await like(traced, {})  # its spans arrive after those of the request before
    await finished(collector, seen["traceparent"].split("-")[1], 1)
    assert collector.trace(TRACE) == []


@embedded
async def test_unsampled_requests_leave_nothing_but_the_ids_in_their_log_lines(
    open_http, collector, caplog
):
    lines = []

    class Handler(logging.Handler):
        def emit(self, record):
            if "FavoriteMethod" in record.getMessage():
                lines.append(json.loads(Json("api").format(record)))

    settings = {"otel_traces_sampler": "traceidratio", "otel_traces_sampler_arg": 0.0}
    handler = Handler()
    with caplog.at_level(logging.DEBUG):
        logging.getLogger().addHandler(handler)
        try:
            async with open_http(otel_exporter_otlp_endpoint=collector.http, **settings) as http:
                answer = await like(http, {})
        finally:
            logging.getLogger().removeHandler(handler)
    assert "traceparent" not in answer
    assert collector.spans == []
    assert len({line["trace_id"] for line in lines}) == 1
    assert len(lines) >= 3  # of the API, the caller and the service
    assert all(re.fullmatch("[0-9a-f]{16}", line["span_id"]) for line in lines)


@embedded
async def test_a_failed_call_has_the_error_and_a_callers_mistake_is_no_failure(traced, collector):
    answer = await like(traced, {})
    trace_id = answer["traceparent"].split("-")[1]
    await eventually(lambda: any(s.parent_id == "" for s in collector.trace(trace_id)))
    spans = collector.trace(trace_id)
    assert {span.attributes.get("error.type") for span in spans} >= {"NotFound"}
    assert {span.status for span in spans} == {0}
    await traced.fleet.stop("favoriteservice")
    answer = await like(traced, {})
    trace_id = answer["traceparent"].split("-")[1]
    await eventually(lambda: any(s.parent_id == "" for s in collector.trace(trace_id)))
    assert {s.name for s in collector.trace(trace_id) if s.status == 2} == {
        "POST /douyin/favorite/action/",
        "favoriteservice/FavoriteMethod",
    }


@embedded
async def test_pages_that_share_calls_are_whole_or_linked(traced, collector, clip):
    person = await traced.register("sharing")
    await traced.publish(person, clip)

    async def page() -> str:
        path = f"{traced.base}/douyin/feed/"
        async with traced.session.get(path, params={"token": person.token}) as response:
            assert (await response.json())["status_code"] == 0
            return response.headers["traceparent"]

    parents = [text.split("-")[1:3] for text in await asyncio.gather(*(page() for _ in range(8)))]
    await eventually(lambda: {p[1] for p in parents} <= {s.span_id for s in collector.spans})
    for trace_id, span_id in parents:
        spans = collector.trace(trace_id)
        assert orphans(spans) == []
        (root,) = [span for span in spans if span.span_id == span_id]
        called = any(span.name == "commentservice/VideosCommentCountMethod" for span in spans)
        assert called or root.links
        assert {link[0] for link in root.links} <= {each[0] for each in parents} - {trace_id}


@embedded
async def test_log_lines_have_the_ids_of_the_trace(traced, caplog):
    texts = []

    class Handler(logging.Handler):
        def emit(self, record):
            texts.append(Lines("api", colour=False).format(record))

    handler = Handler()
    with caplog.at_level(logging.DEBUG):
        logging.getLogger().addHandler(handler)
        await like(traced, {"traceparent": SAMPLED})
        logging.getLogger().removeHandler(handler)
    logged = [text for text in texts if f" trace {TRACE} span " in text]
    assert any("rpc_server favoriteservice.FavoriteMethod" in text for text in logged)
    assert any("http api.FavoriteMethod" in text for text in logged)


@embedded
async def test_without_an_endpoint_nothing_is_traced(http):
    assert observe.observers == []
    answer = await like(http, {"traceparent": SAMPLED})
    assert "traceparent" not in answer
