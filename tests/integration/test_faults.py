"""Parts of the real system die, hang, or are too slow, under continuous load of all kinds."""

import asyncio
import signal

import pytest
from e2e.load import KINDS, Load, check
from fleet import eventually
from integration.conftest import System, timestamp

PARTS = (
    "usermicro", "videomicro", "relationmicro", "favoritemicro", "commentmicro", "api", "redis",
    "mysql", "etcd", "s3",
)  # fmt: skip
AWAY_SECONDS = 1.5
DEADLINE_SECONDS = 5.0


@pytest.mark.parametrize("name", PARTS)
async def test_a_part_is_killed_and_comes_back(system: System, load: Load, name):
    running = asyncio.create_task(load.run())
    await asyncio.sleep(1)
    assert load.failed == 0
    part = system.part(name)
    part.kill()
    killed = timestamp()
    await asyncio.sleep(AWAY_SECONDS)
    await asyncio.to_thread(part.start)
    started = timestamp()
    load.since_kill.clear()
    await eventually(lambda: load.since_kill == KINDS, 30)
    recovered = timestamp()
    await asyncio.sleep(1)  # what was still on its way when it came back
    failed = load.failed
    await asyncio.sleep(2)
    load.stop.set()
    await running
    print(
        f"{name}: away {started - killed:.1f} s, all well {recovered - started:.1f} s later, "
        f"{failed} writes refused, slowest answer {load.apk.slowest:.1f} s"
    )
    assert load.failed == failed, "all is well again"
    if name != "api":
        assert load.apk.unanswered == 0, "every refusal is a clear envelope"
    if name == "etcd":
        assert failed == 0
    assert load.apk.slowest < DEADLINE_SECONDS
    await check(load)


async def test_a_rolling_restart_fails_no_request(system: System, load: Load):
    names = [name for name in system.apps if name != "api"]
    for name in names:
        system.add(name, " 2")
    await eventually(lambda: all(app.ready() for app in system.apps.values()), 30)
    await asyncio.sleep(1)  # callers have heard of all of them
    running = asyncio.create_task(load.run())
    for name in names:
        for each in (name, f"{name} 2"):
            app = system.apps[each]
            app.signal(signal.SIGTERM)
            assert await asyncio.to_thread(app.wait) == 0
            app.start()
            ready = app.ready
            for _ in range(200):
                if await asyncio.to_thread(ready):
                    break
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.7)
    load.stop.set()
    await running
    acknowledged = sum(map(len, load.acked.values()))
    print(f"rolling restart: {acknowledged} writes acknowledged, {load.failed} failed")
    assert (load.failed, load.apk.unanswered) == (0, 0)
    await check(load)


async def test_three_replicas_share_the_load_by_weight(system: System, load: Load):
    system.add("favoritemicro", " 2", WEIGHT="10")
    system.add("favoritemicro", " 3", WEIGHT="20")
    await eventually(lambda: all(app.ready() for app in system.apps.values()), 30)
    await asyncio.sleep(1)
    names = ["favoritemicro", "favoritemicro 2", "favoritemicro 3"]

    async def served() -> list[float]:
        return [await asyncio.to_thread(_served, system.apps[name].admin_port) for name in names]

    before = await served()
    person = load.people[0]
    for n in range(200):
        answer = await load.apk.post(
            "favorite/action", token=person.token, video_id=load.video, action_type=1 + n % 2
        )
        assert answer["status_code"] == 0
    after = await served()
    shares = [y - x for x, y in zip(before, after, strict=True)]
    print(f"shares of 200 calls at weights 10, 10, 20: {shares}")
    assert sum(shares) == 200
    assert shares == pytest.approx([50, 50, 100], abs=5)
    system.apps["favoritemicro 3"].kill()
    failed = 0
    for n in range(50):
        answer = await load.apk.post(
            "favorite/action", token=person.token, video_id=load.video, action_type=1 + n % 2
        )
        failed += answer["status_code"] != 0
    assert failed <= 1, "only what was on its way to the dead one"


def _served(admin_port: int) -> float:
    import re
    import urllib.request

    with urllib.request.urlopen(f"http://127.0.0.1:{admin_port}/metrics") as answer:
        text = answer.read().decode()
    found = re.search(r'requests_total\{method="FavoriteMethod".*rpc_server"\} ([\d.e+]+)', text)
    return float(found[1]) if found else 0.0


async def test_a_minute_without_etcd_fails_nothing(system: System, load: Load):
    system.etcd.kill()
    load.pause = 0.02  # a minute's worth of messages still fits into one answer
    running = asyncio.create_task(load.run())
    await asyncio.sleep(62)
    await asyncio.to_thread(system.etcd.start)
    await asyncio.sleep(5)
    load.stop.set()
    await running
    print(f"a minute without etcd: {load.failed} writes failed")
    assert load.failed == 0
    await check(load)


@pytest.mark.parametrize(
    ("name", "fails", "works"),
    [
        ("redis", "favorite/action", "user/login"),
        ("mysql", "comment/action", "message/chat"),
        ("s3", "publish", "feed"),
    ],
)
async def test_a_store_that_hangs_holds_up_only_what_needs_it(
    system: System, load: Load, name, fails, works
):
    person = load.people[0]
    system.part(name).signal(signal.SIGSTOP)
    try:
        started = timestamp()
        acts = {"token": person.token, "video_id": load.video, "action_type": 1}
        if fails == "publish":
            task = asyncio.create_task(load.apk.publish(person, load.clip, "stalls"))
        else:
            call = load.apk.post(fails, **acts, comment_text="x")
            task = asyncio.create_task(call)
        await asyncio.sleep(0.1)
        for _ in range(10):
            before = timestamp()
            answer = await load.apk.call(
                "POST" if works == "user/login" else "GET", works, token=person.token,
                to_user_id=load.people[1].id, username="person 0", password="secret",
            )  # fmt: skip
            assert answer["status_code"] == 0, answer
            assert timestamp() - before < 1
        if fails != "publish":
            assert (await task)["status_code"] in (10005, 10006)
            assert timestamp() - started < DEADLINE_SECONDS
    finally:
        system.part(name).signal(signal.SIGCONT)
    await task
    answer = {}

    async def works_again() -> bool:
        answer.update(await load.apk.post("favorite/action", **acts))
        return answer["status_code"] == 0

    for _ in range(50):
        if await works_again():
            break
        await asyncio.sleep(0.1)
    assert answer["status_code"] == 0


async def test_more_than_it_can_carry_is_refused_quickly_and_then_all_is_well(
    system: System, load: Load
):
    import psutil

    api = psutil.Process(system.apps["api"].process.pid)
    before = api.memory_info().rss
    outcomes: list[int] = []
    stop = asyncio.Event()

    async def hammer() -> None:
        while not stop.is_set():
            answer = await load.apk.get("feed", token=load.people[0].token)
            outcomes.append(answer["status_code"])

    hammers = [asyncio.create_task(hammer()) for _ in range(1000)]
    await asyncio.sleep(5)
    stop.set()
    await asyncio.gather(*hammers)
    grown = (api.memory_info().rss - before) >> 20
    refused = sum(code != 0 for code in outcomes)
    print(f"1000 connections: {len(outcomes)} answers, {refused} refused, API grew {grown} MiB")
    assert set(outcomes) <= {0, 10006}
    assert grown < 200
    for _ in range(20):
        assert (await load.apk.get("feed"))["status_code"] == 0
    assert load.apk.unanswered == 0
