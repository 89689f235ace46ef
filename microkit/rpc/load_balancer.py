"""Client-side load balancing: smooth weighted round robin with outlier ejection."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from microkit.discovery import Instance

_EJECT_SECONDS: Final = 1.0
_FAILURES_TO_EJECT: Final = 3


class LoadBalancer:
    """Chooses the instance for each call.

    Smooth weighted round robin, as in nginx: calls are spread by weight, without bursts.

    Outlier ejection: an instance that refuses a connection, is overloaded, or fails to reply to
    three calls in a row, is ejected for one second. Then one call probes it, and another one every
    second until it replies. When all instances are ejected, ejection is ignored.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # nginx's current_weight: each pick adds every instance's weight to its own value, chooses
        # the largest value, and subtracts the sum of all weights from that one.
        self._current: dict[Instance, int] = {}
        self._failures: dict[Instance, int] = {}  # calls in a row without a reply
        self._ejected_until: dict[Instance, float] = {}

    def pick(self, instances: Sequence[Instance]) -> Instance | None:
        """Return the instance for the next call, None if there are no instances."""
        if len(instances) < 2:
            return instances[0] if instances else None
        if self._ejected_until:
            now = self._clock()
            healthy = [i for i in instances if self._ejected_until.get(i, now) <= now]
            instances = healthy or instances
        current = {i: self._current.get(i, 0) + max(i.weight, 1) for i in instances}
        chosen = max(instances, key=lambda i: current[i])
        current[chosen] -= sum(max(i.weight, 1) for i in instances)
        self._current = current
        if chosen in self._ejected_until:
            self._eject(chosen)  # this call is the probe: no other call until it has a reply
        return chosen

    def record_reply(self, instance: Instance) -> None:
        """Record a reply of any kind: the instance is healthy."""
        if self._failures or self._ejected_until:
            self.reset(instance)

    def record_no_reply(self, instance: Instance) -> None:
        """Record a call that timed out or lost its connection."""
        self._failures[instance] = self._failures.get(instance, 0) + 1
        if self._failures[instance] >= _FAILURES_TO_EJECT:
            self._eject(instance)

    def record_connect_error(self, instance: Instance) -> None:
        """Record a failed connection attempt, or a call refused because of overload."""
        self._eject(instance)

    def reset(self, instance: Instance) -> None:
        """Discard the record of an instance."""
        self._failures.pop(instance, None)
        self._ejected_until.pop(instance, None)

    def _eject(self, instance: Instance) -> None:
        self._ejected_until[instance] = self._clock() + _EJECT_SECONDS
