"""kill -9 during writes loses no acknowledged write, and the system recovers."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
from e2e.apk import Apk, opened
from e2e.load import PEOPLE, Load, check
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


@pytest.mark.parametrize("part", PARTS)
async def test_no_acknowledged_write_is_lost(load, part):
    system, load = load
    running = asyncio.create_task(load.run())
    await load.round()
    await asyncio.sleep(random.uniform(0, 0.7))  # at any moment
    system.kill(part)
    await eventually(load.round)
    load.stop.set()
    await running
    await check(load)
