"""Which instance a call goes to: weighted turns, past those that do not answer."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from microkit.discovery import Instance

_REST_SECONDS: Final = 1.0
_SILENT_CALLS: Final = 3


class LoadBalancer:
    """Smooth weighted round robin, as nginx does it: heavy instances often, never in bursts.

    An instance that cannot be reached, or leaves several calls in a row unanswered, rests for a
    second; then a single call finds out whether it is back, and every second another. When all
    rest, none does.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._current: dict[Instance, int] = {}
        self._silent: dict[Instance, int] = {}
        self._rests_until: dict[Instance, float] = {}

    def pick(self, instances: Sequence[Instance]) -> Instance | None:
        """Return the next instance, None if there is none."""
        if len(instances) < 2:
            return instances[0] if instances else None
        if self._rests_until:
            now = self._clock()
            awake = [i for i in instances if self._rests_until.get(i, now) <= now]
            instances = awake or instances
        current = {i: self._current.get(i, 0) + max(i.weight, 1) for i in instances}
        chosen = max(instances, key=lambda i: current[i])
        current[chosen] -= sum(max(i.weight, 1) for i in instances)
        self._current = current
        if chosen in self._rests_until:
            self._rest(chosen)  # until this call is answered
        return chosen

    def answered(self, instance: Instance) -> None:
        """Take note that a call was answered, with whatever."""
        if self._silent or self._rests_until:
            self.forget(instance)

    def silent(self, instance: Instance) -> None:
        """Take note that a call was not answered."""
        self._silent[instance] = self._silent.get(instance, 0) + 1
        if self._silent[instance] >= _SILENT_CALLS:
            self._rest(instance)

    def unreachable(self, instance: Instance) -> None:
        """Take note that no connection could be made."""
        self._rest(instance)

    def forget(self, instance: Instance) -> None:
        """Forget what was noted about an instance."""
        self._silent.pop(instance, None)
        self._rests_until.pop(instance, None)

    def _rest(self, instance: Instance) -> None:
        self._rests_until[instance] = self._clock() + _REST_SECONDS
