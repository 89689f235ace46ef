"""Client-side load balancing: smooth weighted round robin of bursts, with outlier ejection."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from microkit.discovery import Instance

_EJECT_SECONDS: Final = 1.0
_FAILURES_TO_EJECT: Final = 3
_BURST_SECONDS: Final = 0.002
BURST_CALLS: Final = 16


class LoadBalancer:
    """Chooses the instance for each call.

    Smooth weighted round robin, as in nginx, of bursts: calls that follow within 2 ms, up to 16, go
    to one instance. They share system calls and the batches of the instance's stores, which calls
    that are spread one by one do not. A burst counts for as many calls as it had.

    Outlier ejection: an instance that refuses a connection, is overloaded, or fails to reply to
    three calls in a row, is ejected for one second. Then one call probes it, and another one every
    second until it replies. When all instances are ejected, ejection is ignored.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, burst: int = 0) -> None:
        self._clock = clock
        self._burst_calls = burst or BURST_CALLS
        # nginx's current_weight: each pick adds every instance's weight to its own value, chooses
        # the largest value, and subtracts the sum of all weights from that one.
        self._current: dict[Instance, int] = {}
        self._failures: dict[Instance, int] = {}  # calls in a row without a reply
        self._ejected_until: dict[Instance, float] = {}
        self._burst: Burst | None = None

    def pick(self, instances: Sequence[Instance]) -> Instance | None:
        """Return the instance for the next call, None if there are no instances."""
        if len(instances) < 2:
            return instances[0] if instances else None
        now, burst = self._clock(), self._burst
        if burst is not None:
            if burst.among is instances and now < burst.until and burst.calls < self._burst_calls:
                burst.calls += 1
                return burst.chosen
            self._settle(burst)
        healthy = instances
        if self._ejected_until:
            healthy = [i for i in instances if self._ejected_until.get(i, now) <= now] or instances
        current = {i: self._current.get(i, 0) + max(i.weight, 1) for i in healthy}
        chosen = max(healthy, key=lambda i: current[i])
        current[chosen] -= sum(max(i.weight, 1) for i in healthy)
        self._current = current
        if chosen in self._ejected_until:
            self._eject(chosen)  # this call is the probe: no other call until it has a reply
        else:
            self._burst = Burst(instances, chosen, now + _BURST_SECONDS)
        return chosen

    def _settle(self, burst: "Burst") -> None:
        """Count the calls of a burst as if they had been picked one by one; `pick` counted one."""
        further = burst.calls - 1
        if further and burst.chosen in self._current:
            for instance in self._current:
                self._current[instance] += max(instance.weight, 1) * further
            self._current[burst.chosen] -= further * sum(max(i.weight, 1) for i in self._current)
        self._burst = None

    def record_reply(self, instance: Instance) -> None:
        """Record a reply of any kind: the instance is healthy."""
        if self._failures or self._ejected_until:
            self.reset(instance)

    def record_no_reply(self, instance: Instance) -> None:
        """Record a call that timed out or lost its connection."""
        self._end_burst(instance)
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
        self._end_burst(instance)

    def refuse(self, instance: Instance) -> None:
        """Record that a call was not sent to the instance picked for it: it does not count."""
        if self._burst is not None and self._burst.chosen == instance:
            self._burst.calls -= 1
        self._end_burst(instance)

    def _end_burst(self, instance: Instance) -> None:
        if self._burst is not None and self._burst.chosen == instance:
            self._settle(self._burst)


@dataclass(slots=True)
class Burst:
    """Calls that go to one instance, until a time of the clock."""

    among: Sequence[Instance]
    chosen: Instance
    until: float
    calls: int = 1
