"""kill -9 during writes loses no acknowledged write, and the system recovers."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from e2e.apk import Apk, opened
from e2e.load import PEOPLE, Load, check
from e2e.objects import stored, sweep
from fleet import eventually

import idl

PARTS = ("redis-server", *idl.RPC, "-m api")


@pytest.fixture
async def load(up, clip) -> AsyncIterator[tuple]:
    system = up("--free-ports")
    async with opened(system.url) as session:
        apk = Apk(session)
        people = [await apk.register(f"person {n}") for n in range(PEOPLE)]
        await apk.publish(people[0], clip, "the first")
        video = (await apk.get("feed"))["video_list"][0]["id"]
        yield system, Load(apk, people, video, clip)


async def test_many_kills_lose_nothing_and_leave_no_orphan(load, pytestconfig, figure):
    """Each round kills one part at any moment; for 50: scripts/test -k many_kills --rounds 50.

    First each part once; then every other time the API, which leaves orphans.
    """
    rounds = pytestconfig.getoption("--rounds")
    system, load = load
    running = asyncio.create_task(load.run())
    for n in range(rounds):
        await load.round()
        await asyncio.sleep(random.uniform(0, 0.7))  # at any moment
        every = n < len(PARTS) or n % 2
        system.kill(PARTS[n % len(PARTS)] if every else "-m api")
        await eventually(load.round)
    load.stop.set()
    await running
    await check(load)
    orphans = await asyncio.to_thread(sweep, system)
    listed = await load.apk.whole_list("publish/list", "video_list", user_id=load.people[0].id)
    used = {Path(v[key]).name for v in listed for key in ("play_url", "cover_url")}
    assert {path.name for path in stored(system)} == used
    acked = sum(map(len, load.acked.values())) + len(load.last)
    figure(
        f"{rounds} rounds of kill -9: {acked} writes acknowledged, 0 lost; {orphans} of "
        f"{len(used) + orphans} objects without a row, 0 after the sweep"
    )
