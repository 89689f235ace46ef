"""Processes and servers are killed, hang or are overloaded, under a continuous load."""

import asyncio
import functools
import re
import signal
import urllib.request

import psutil
import pytest
from e2e.load import Load, check
from fleet import eventually
from integration.conftest import timestamp

import idl
from scripts.deployment import App, Deployment

PARTS = (*idl.RPC, "api", "redis", "mysql", "etcd", "s3")
AWAY_SECONDS = 1.5


@pytest.mark.parametrize("name", PARTS)
async def test_the_system_recovers_when_a_killed_part_comes_back(
    system: Deployment, load: Load, name, figure
):
    running = asyncio.create_task(load.run())
    assert await load.round()
    part = system.part(name)
    part.kill()
    killed = timestamp()
    await asyncio.sleep(AWAY_SECONDS)  # the duration of the outage is part of the fault
    await asyncio.to_thread(part.start)
    started = timestamp()
    await eventually(load.round)
    recovered, failed = timestamp(), load.failed
    for _ in range(3):
        await load.round()
    load.stop.set()
    await running
    figure(
        f"{name}: away {started - killed:.1f} s, all well {recovered - started:.1f} s later, "
        f"{failed} calls refused, slowest answer {load.apk.slowest:.1f} s"
    )
    assert load.failed == failed, "all is well again"
    if name != "api":
        assert load.apk.unanswered == 0, "every refusal is a clear envelope"
    if name == "etcd":
        assert failed == 0
    await check(load)


async def test_a_rolling_restart_fails_no_request(system: Deployment, load: Load, figure):
    names = ("usermicro", "favoritemicro")  # on SQL and on Redis; all have the same server
    for name in names:
        system.add(name, " 2")
    await eventually(lambda: all(app.ready() for app in system.apps.values()))
    running = asyncio.create_task(load.run())
    for name in names:
        await eventually(functools.partial(served, system.apps[f"{name} 2"]))
    for name in names:
        for each in (name, f"{name} 2"):
            app = system.apps[each]
            app.signal(signal.SIGTERM)
            assert await asyncio.to_thread(app.wait) == 0
            app.start()
            await eventually(functools.partial(asyncio.to_thread, app.ready))
            # Stop the second of the pair only after callers use the first again.
            await eventually(functools.partial(served, app))
    load.stop.set()
    await running
    acknowledged = sum(map(len, load.acked.values()))
    figure(f"rolling restart: {acknowledged} calls answered, {load.failed} failed")
    assert (load.failed, load.apk.unanswered) == (0, 0), load.failures
    await check(load)


async def test_three_replicas_share_the_load_by_weight(system: Deployment, load: Load, figure):
    system.add("favoritemicro", " 2", WEIGHT="10")
    system.add("favoritemicro", " 3", WEIGHT="20")
    await eventually(lambda: all(app.ready() for app in system.apps.values()))
    replicas = [
        system.apps[name] for name in ("favoritemicro", "favoritemicro 2", "favoritemicro 3")
    ]
    person = load.people[0]

    async def like(times: int) -> list[int]:
        answers = [
            await load.apk.post(
                "favorite/action", token=person.token, video_id=load.video, action_type=1 + n % 2
            )
            for n in range(times)
        ]
        return [answer["status_code"] for answer in answers]

    async def found() -> bool:
        await like(4)
        return all([await served(app) for app in replicas])

    await eventually(found)
    before = [await served(app) for app in replicas]
    assert set(await like(200)) == {0}
    after = [await served(app) for app in replicas]
    shares = [y - x for x, y in zip(before, after, strict=True)]
    figure(f"shares of 200 calls at weights 10, 10, 20: {shares}")
    assert sum(shares) == 200
    assert shares == pytest.approx([50, 50, 100], abs=5)
    system.apps["favoritemicro 3"].kill()
    failed = 50 - (await like(50)).count(0)
    assert failed <= 1, "only what was on its way to the dead one"


async def served(app: App) -> float:
    """Return the number of calls that a process has served since its start."""

    def read() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{app.admin_port}/metrics") as answer:
            return answer.read().decode()

    text = await asyncio.to_thread(read)
    return sum(map(float, re.findall(r'requests_total\{.*rpc_server"\} ([\d.e+]+)', text)))


async def test_a_minute_without_etcd_fails_nothing(system: Deployment, load: Load, figure):
    system.etcd.kill()
    load.pause = 0.2  # a minute's worth of messages still fits into one answer
    running = asyncio.create_task(load.run())
    await asyncio.sleep(62)  # longer than the leases' time to live
    await asyncio.to_thread(system.etcd.start)
    assert await load.round()
    load.stop.set()
    await running
    answered = sum(map(len, load.acked.values()))
    figure(f"a minute without etcd: {answered} calls answered, {load.failed} failed")
    assert load.failed == 0, load.failures
    await check(load)


@pytest.mark.parametrize(
    ("name", "fails", "works"),
    [
        ("redis", "favorite/action", "user/login"),
        ("mysql", "comment/action", "message/chat"),
        ("s3", "publish", "feed"),
    ],
)
async def test_a_hanging_store_delays_only_the_calls_that_need_it(
    system: Deployment, load: Load, figure, name, fails, works
):
    person = load.people[0]
    acts = {"token": person.token, "video_id": load.video, "action_type": 1}
    system.part(name).signal(signal.SIGSTOP)
    try:
        started, slowest = timestamp(), 0.0
        if fails == "publish":
            task = asyncio.create_task(load.apk.publish(person, load.clip, "stalls"))
        else:
            task = asyncio.create_task(load.apk.post(fails, **acts, comment_text="x"))
        for _ in range(10):
            before = timestamp()
            answer = await load.apk.call(
                "POST" if works == "user/login" else "GET", works, token=person.token,
                to_user_id=load.people[1].id, username=person.name, password="secret",
            )  # fmt: skip
            assert answer["status_code"] == 0, answer
            slowest = max(slowest, timestamp() - before)
        assert not task.done(), "the others did not wait for it"
        if fails != "publish":  # which has more time than this test
            assert (await task)["status_code"] in (10005, 10006)
            refused = timestamp() - started
            figure(
                f"{name} hangs: {fails} refused after {refused:.1f} s, "
                f"{works} answered within {slowest:.2f} s"
            )
    finally:
        system.part(name).signal(signal.SIGCONT)
    await task

    async def well() -> bool:
        return (await load.apk.post("favorite/action", **acts))["status_code"] == 0

    await eventually(well)


async def test_an_overloaded_system_refuses_quickly_and_recovers(
    system: Deployment, load: Load, figure
):
    api = psutil.Process(system.apps["api"].process.pid)
    before = api.memory_info().rss
    usual, refused = await hammered(load, 32, 2)
    assert refused == 0
    answered, refused = await hammered(load, 1000, 5)
    grown = (api.memory_info().rss - before) >> 20
    again, refused_again = await hammered(load, 32, 2)
    figure(
        f"1000 connections: {answered:.0f} answers/s, of 5 s {refused} refused, API grew {grown} "
        f"MiB; 32 before and after: {usual:.0f} and {again:.0f} answers/s"
    )
    assert grown < 200
    assert refused_again == 0
    assert load.apk.unanswered == 0


async def hammered(load: Load, connections: int, seconds: float) -> tuple[float, int]:
    """Ask for the feed on so many connections: answers a second, and how many were refusals."""
    outcomes: list[int] = []
    until = timestamp() + seconds

    async def hammer() -> None:
        while timestamp() < until:
            answer = await load.apk.get("feed", token=load.people[0].token)
            outcomes.append(answer["status_code"])

    await asyncio.gather(*(hammer() for _ in range(connections)))
    assert set(outcomes) <= {0, 10006}
    return len(outcomes) / seconds, len(outcomes) - outcomes.count(0)
