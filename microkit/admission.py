"""Admission control: a limit on concurrency that refuses instead of queueing."""

from types import TracebackType
from typing import Self

from microkit.errors import Overloaded
from microkit.saturation import Usage, track


class Admission:
    """A context manager that admits up to `limit` callers at once and refuses the others.

    It never waits. Callers that queue for a resource do so inside the block, so that `limit` also
    bounds the queue.

    Args:
        limit: the most callers inside at once.
        name: what the limit is of, in metrics.
        refusal: the error message shown to people; None is the default of `Overloaded`.
    """

    __slots__ = ("__weakref__", "_free", "_limit", "_refusal")

    def __init__(self, limit: int, refusal: str | None = None, *, name: str = "") -> None:
        self._free = self._limit = limit
        self._refusal = refusal
        if name:
            track(self, "admission", name, Admission._usage)

    def _usage(self) -> Usage:
        return Usage(self._limit - self._free, 0, self._limit)

    def enter(self) -> None:
        """Take a slot; `leave` returns it.

        Raises:
            Overloaded: all slots are taken.
        """
        if self._free <= 0:
            raise Overloaded(self._refusal)
        self._free -= 1

    def leave(self, count: int = 1) -> None:
        """Return `count` slots."""
        self._free += count

    def __enter__(self) -> Self:
        self.enter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.leave()
