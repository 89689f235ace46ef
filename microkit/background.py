"""Background tasks: kept alive while they run, cancelled at the end."""

import asyncio
import contextvars
from collections.abc import Coroutine
from typing import Any, Final

_CANCEL_SECONDS: Final = 0.1


class BackgroundTasks:
    """The background tasks of one owner, which closes them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __bool__(self) -> bool:
        return bool(self._tasks)

    def start(
        self, work: Coroutine[Any, Any, None], context: contextvars.Context | None = None
    ) -> asyncio.Task[None]:
        """Run `work` as a task; the event loop alone would not keep it alive."""
        task = asyncio.create_task(work, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self, grace: float = 0) -> None:
        """Give the tasks up to `grace` seconds, then cancel the rest and wait for their end."""
        if grace and self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=grace)
        while self._tasks:
            await asyncio.gather(*map(end, tuple(self._tasks)))


async def end(task: asyncio.Task[None]) -> None:
    """Cancel a task until it has ended.

    Some libraries swallow a cancellation (aetcd does while it closes a watch): it is repeated.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait((task,), timeout=_CANCEL_SECONDS)
