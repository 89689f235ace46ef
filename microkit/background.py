"""Background tasks with an owner: referenced while they run, cancelled when it closes."""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

_CANCEL_SECONDS: Final = 0.1


class BackgroundTasks:
    """The background tasks of one owner; true while any of them runs."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __bool__(self) -> bool:
        return bool(self._tasks)

    def start(
        self, work: Coroutine[Any, Any, None], context: contextvars.Context | None = None
    ) -> asyncio.Task[None]:
        """Run `work` as a task and keep a reference: the event loop holds only weak ones."""
        task = asyncio.create_task(work, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self, grace: float = 0) -> None:
        """Wait up to `grace` seconds for the tasks, then cancel the rest and wait for them."""
        if grace and self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=grace)
        while self._tasks:
            await asyncio.gather(*map(end, tuple(self._tasks)))


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run `work` in the background while the block runs."""
    tasks = BackgroundTasks()
    tasks.start(work)
    try:
        yield
    finally:
        await tasks.close()


async def end(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait for its end.

    The cancellation is repeated, because some libraries swallow one (aetcd, closing a watch).
    """
    while not task.done():
        task.cancel()
        await asyncio.wait((task,), timeout=_CANCEL_SECONDS)
