"""Admission control: a limit on concurrency that refuses instead of queueing."""

from types import TracebackType
from typing import Self

from microkit.errors import Overloaded


class Admission:
    """A context manager that admits up to `limit` callers at once and refuses the others.

    It never waits. Callers that queue for a resource do so inside the block, so that `limit` also
    bounds the queue.

    Args:
        limit: the most callers inside at once.
        refusal: the error message shown to people; None is the default of `Overloaded`.
    """

    __slots__ = ("_free", "_refusal")

    def __init__(self, limit: int, refusal: str | None = None) -> None:
        self._free = limit
        self._refusal = refusal

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
