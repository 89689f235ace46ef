"""Tasks that begin at once."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any


def eager_task(
    loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, None]
) -> asyncio.Task[None]:
    """Run `work` as a task; from Python 3.12 on, up to its first wait before this returns.

    A task that is scheduled instead costs one more iteration of the event loop.
    """
    if sys.version_info >= (3, 12):
        return asyncio.Task(work, loop=loop, eager_start=True)
    return loop.create_task(work)
