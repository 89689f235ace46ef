"""What /metrics says: its format, events, saturation, and the traces of measured calls."""

import asyncio
import subprocess

import pytest
from fleet import eventually

from microkit.metrics import REGISTRY
from scripts import servers

pytestmark = pytest.mark.parametrize("world", ["embedded"], indirect=True)
OPEN_METRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}


def value(metric: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(metric, labels) or 0.0


async def scraped(http, port: int, headers=None) -> str:
    url = f"http://127.0.0.1:{port}/metrics"
    async with http.session.get(url, headers=headers) as response:
        assert response.status == 200
        return await response.text()


async def test_names_and_labels_follow_the_conventions_of_prometheus(http):
    promtool = servers.program("promtool", "Debian: prometheus")
    person = await http.register("measured")
    await http.get("/douyin/feed/", token=person.token)
    text = await scraped(http, int(http.admin.rpartition(":")[2]))
    done = await asyncio.to_thread(
        subprocess.run,
        [promtool, "check", "metrics"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


async def test_an_event_is_counted_once_and_only_if_it_changed_something(http, clip):
    series = {
        "registrations_total": {},
        "publishes_total": {},
        "messages_total": {},
        **{f"{name}_total": {"change": "added"} for name in ("likes", "follows", "comments")},
    }
    before = {name: value(name, **labels) for name, labels in series.items()}
    removed = value("likes_total", change="removed")
    logins = {each: value("logins_total", outcome=each) for each in ("accepted", "refused")}
    one, other = await http.register("one"), await http.register("other")
    await http.publish(one, clip)
    video = await http.first_video(one)
    like = {"token": other.token, "video_id": video}
    for action in (1, 1, 2, 2):
        await http.post("/douyin/favorite/action/", action_type=action, **like)
    for _ in range(2):
        await http.post(
            "/douyin/relation/action/", token=other.token, to_user_id=one.id, action_type=1
        )
    await http.post("/douyin/comment/action/", action_type=1, comment_text="好", **like)
    await http.post(
        "/douyin/message/action/",
        token=other.token,
        to_user_id=one.id,
        action_type=1,
        content="你好",
    )
    await http.post("/douyin/user/login/", username="one", password="secret")
    await http.post("/douyin/user/login/", username="one", password="wrong password")
    counted = {name: value(name, **labels) - before[name] for name, labels in series.items()}
    assert counted == {**dict.fromkeys(series, 1), "registrations_total": 2}
    assert value("likes_total", change="removed") - removed == 1
    assert {each: value("logins_total", outcome=each) - logins[each] for each in logins} == {
        "accepted": 1,
        "refused": 1,
    }


async def test_a_scrape_shows_how_full_each_limit_is(http):
    def usage(resource: str, name: str) -> tuple[float, ...]:
        return tuple(
            value(f"resource_{column}", resource=resource, name=name)
            for column in ("in_use", "waiting", "limit")
        )

    port = int(http.admin.rpartition(":")[2])
    await http.register("filling")
    http.fleet.hasher.gate.clear()
    logins = [
        asyncio.create_task(http.post("/douyin/user/login/", username="filling", password="wrong1"))
        for _ in range(5)
    ]

    async def five_hash() -> bool:
        await scraped(http, port)
        return usage("admission", "passwords")[0] == 5

    await eventually(five_hash)
    # Owners that earlier tests of this process left add to the limits.
    assert usage("admission", "passwords")[:2] == usage("admission", "requests")[:2] == (5, 0)
    assert usage("admission", "passwords")[2] % 128 == usage("admission", "requests")[2] % 512 == 0
    assert usage("rpc_pool", "userservice")[0] >= 5
    assert usage("connections", "http")[0] >= 5
    assert usage("turns", "media")[:2] == (0, 0)
    http.fleet.hasher.gate.set()
    await asyncio.gather(*logins)
    text = await scraped(http, port)
    assert usage("admission", "requests")[:2] == (0, 0)
    for name in ("process_cpu_seconds_total", "process_resident_memory_bytes"):
        assert value(name) > 0
    await eventually(lambda: value("event_loop_lag_seconds_count") > 0)
    assert 'resource_limit{name="sqlite",resource="sql_writer"}' in text


async def test_open_metrics_have_the_trace_of_a_slow_call_as_an_exemplar(open_http, collector):
    async with open_http(otel_exporter_otlp_endpoint=collector.http) as http:
        port = int(http.admin.rpartition(":")[2])
        async with http.session.get(f"{http.base}/douyin/feed/") as response:
            trace_id = response.headers["traceparent"].split("-")[1]
        text = await scraped(http, port, OPEN_METRICS)
        assert f'# {{trace_id="{trace_id}"}}' in text
        assert text.endswith("# EOF\n")
        assert trace_id not in await scraped(http, port)
