"""Background tasks with an owner: referenced while they run, cancelled when it closes."""

import asyncio
import contextvars
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

from microkit.errors import Error, UnknownMethod, cause_of

_log = logging.getLogger(__name__)

_CANCEL_SECONDS: Final = 0.1
_RETRY_SECONDS: Final = 5.0
UNKNOWN_SECONDS: Final = 60.0
"""When to call a method again that a peer of an older version does not know: during a rolling
update another instance knows it."""


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


async def periodically(
    work: str, step: Callable[[], Awaitable[float]], retry_seconds: float = _RETRY_SECONDS
) -> None:
    """Call `step` again and again, until cancelled.

    No failure ends the work. Of a series of equal failures the log has the first one.

    Args:
        work: its name, for the log.
        step: returns the seconds until its next call.
        retry_seconds: the seconds after a failed call; they are 60 after UnknownMethod.
    """
    logged: str | None = None
    while True:
        failure: str | None = None
        try:
            pause = await step()
        except (Error, OSError) as error:
            pause = UNKNOWN_SECONDS if isinstance(error, UnknownMethod) else retry_seconds
            failure = cause_of(error)
            if failure != logged:
                _log.warning("%s: %s; trying again later", work, failure)
        except Exception as error:  # noqa: BLE001 - a fault of one item must not stop all others
            pause = retry_seconds
            failure = repr(error)
            if failure != logged:
                _log.error("%s: unexpected error; trying again later", work, exc_info=error)
        logged = failure
        await asyncio.sleep(pause)


async def end(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait for its end.

    The cancellation is repeated, because some libraries swallow one (aetcd, closing a watch).
    """
    while not task.done():
        task.cancel()
        await asyncio.wait((task,), timeout=_CANCEL_SECONDS)
