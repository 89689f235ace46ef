"""Background tasks: referenced while they run, cancelled when their owner closes."""

import asyncio

from fleet import turns

from microkit.background import BackgroundTasks, periodically, running
from microkit.errors import StoreError


async def test_closing_cancels_running_tasks():
    background, cancelled = BackgroundTasks(), asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    background.start(work())
    await turns()
    await background.close()
    assert cancelled.is_set()
    assert not background


async def test_a_task_that_swallows_a_cancellation_is_cancelled_again():
    background, swallowed = BackgroundTasks(), 0

    async def work() -> None:
        nonlocal swallowed
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            swallowed += 1
        await asyncio.Event().wait()

    task = background.start(work())
    await turns()
    await background.close()
    assert swallowed == 1
    assert task.cancelled()


async def test_a_task_may_finish_within_the_grace_period():
    background, go = BackgroundTasks(), asyncio.Event()

    async def work() -> None:
        await go.wait()

    task = background.start(work())
    closing = asyncio.create_task(background.close(grace=60))
    await turns()
    go.set()
    await closing
    assert task.done()
    assert not task.cancelled()


async def test_a_failure_does_not_end_periodic_work_and_a_series_of_them_is_logged_once(caplog):
    failures = [StoreError("down"), StoreError("down"), None, KeyError("bug"), TimeoutError()]
    done = asyncio.Event()

    async def step() -> float:
        if not failures:
            done.set()
        elif (failure := failures.pop(0)) is not None:
            raise failure
        return 0

    async with running(periodically("the work", step, retry_seconds=0)):
        await done.wait()
    assert [record.getMessage() for record in caplog.records] == [
        "the work: down; trying again later",
        "the work: unexpected error; trying again later",
        "the work: TimeoutError(); trying again later",
    ]
    assert "KeyError" in caplog.text
