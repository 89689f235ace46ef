"""Deadlines of many calls with one timer: a timer per call costs more than encoding the call."""

import asyncio
from collections.abc import Callable
from typing import Final, Generic, TypeVar

T = TypeVar("T")
_TICK_SECONDS: Final = 0.01
_MAX_SHARE: Final = 0.05


class Deadlines(Generic[T]):
    """Calls `expire` with each call whose deadline has passed, about 10 ms late at most.

    With very many calls it looks more rarely, so that it takes a twentieth of the time at most.
    """

    def __init__(self, expire: Callable[[T], object]) -> None:
        self._expire = expire
        self._calls: dict[T, float] = {}
        self._runs = False

    def add(self, call: T, deadline: float) -> None:
        """Watch a call until `discard`; `deadline` is in the event loop's time."""
        self._calls[call] = deadline
        if not self._runs:
            self._runs = True
            asyncio.get_running_loop().call_later(_TICK_SECONDS, self._tick)

    def discard(self, call: T) -> None:
        """Forget a call, which has ended or expired."""
        self._calls.pop(call, None)

    def _tick(self) -> None:
        self._runs = bool(self._calls)
        if not self._runs:
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        for call in [call for call, deadline in self._calls.items() if deadline <= now]:
            self.discard(call)
            self._expire(call)
        # 0.1 us a call
        pause = len(self._calls) * 1e-7 / _MAX_SHARE
        loop.call_later(max(_TICK_SECONDS, pause), self._tick)
