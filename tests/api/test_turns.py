"""Turns: bounded, fair between clients, never lost."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from fleet import eventually

from api.turns import Turns
from microkit.errors import Overloaded


class Work:
    """Jobs that run until `end_one`; `order` lists the clients in the order of their turns."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.order: list[str] = []
        self.ends: list[asyncio.Event] = []

    async def run(self, client: str) -> None:
        async with self.turns.turn(client):
            end = asyncio.Event()
            self.order.append(client)
            self.ends.append(end)
            await end.wait()

    async def end_one(self) -> None:
        self.ends.pop(0).set()
        for _ in range(5):
            await asyncio.sleep(0)


async def started(work: Work, clients: str) -> list[asyncio.Task]:
    tasks = [asyncio.create_task(work.run(client)) for client in clients]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


async def test_a_client_with_many_jobs_delays_another_by_one_job():
    work = Work(Turns(1, 16))
    tasks = await started(work, "aaaab")
    for _ in tasks:
        await work.end_one()
    assert "".join(work.order) == "aabaa"
    await asyncio.gather(*tasks)


async def test_one_client_gets_no_more_than_its_share_at_once():
    work = Work(Turns(3, 16, per_client=2))
    tasks = await started(work, "aaaabb")
    assert "".join(work.order) == "aab"
    for _ in tasks:
        await work.end_one()
    await asyncio.gather(*tasks)
    assert sorted(work.order) == list("aaaabb")


async def test_jobs_beyond_the_queue_are_refused_at_once():
    work = Work(Turns(1, 1))
    tasks = await started(work, "ab")
    with pytest.raises(Overloaded):
        await work.run("c")
    for _ in tasks:
        await work.end_one()
    await asyncio.gather(*tasks)


async def test_a_job_that_waits_too_long_is_refused_and_frees_its_slot():
    turns = Turns(1, 1, patience_seconds=0.01)
    async with turns.turn("a"):
        for _ in range(3):
            with pytest.raises(Overloaded):
                await turns.turn("b").__aenter__()
    async with turns.turn("b"):
        pass


async def test_a_turn_is_not_lost_when_its_waiter_is_cancelled():
    turns = Turns(1, 4)
    async with AsyncExitStack() as first:
        await first.enter_async_context(turns.turn("a"))
        waits = asyncio.create_task(turns.turn("b").__aenter__())
        await asyncio.sleep(0)
        waits.cancel()
        await asyncio.wait((waits,))
        granted = asyncio.create_task(turns.turn("c").__aenter__())
        await asyncio.sleep(0)
    granted.cancel()  # at the moment its turn was granted
    await asyncio.wait((granted,))
    async with asyncio.timeout(60), turns.turn("d"):
        pass
    await eventually(lambda: not turns._running)


async def test_a_job_that_is_cancelled_as_a_turn_gets_free_leaves_it_to_the_next_one():
    work = Work(Turns(1, 16))
    first, cancelled, another, last = await started(work, "abbc")
    work.ends.pop(0).set()
    cancelled.cancel()  # its turn is granted before its task runs again
    await asyncio.gather(first, cancelled, return_exceptions=True)
    assert cancelled.cancelled()
    while work.ends:
        await work.end_one()
    await asyncio.gather(another, last)
    assert sorted(work.order) == ["a", "b", "c"]
    await work.turns.drain()
