"""Admission control: a limit on what is under way at once."""

from types import TracebackType
from typing import Self

from microkit.errors import Overloaded


class Admission:
    """Admits up to `limit` at once and refuses the rest immediately; a context manager.

    It never waits. A caller that has to queue does so inside the block: the limit then counts those
    in the queue too.

    Args:
        limit: how many may be inside at once.
        refusal: the message of the refusal, for people; by default that of `Overloaded`.
    """

    __slots__ = ("_free", "_refusal")

    def __init__(self, limit: int, refusal: str | None = None) -> None:
        self._free = limit
        self._refusal = refusal

    def enter(self) -> None:
        """Take a place; `leave` gives it back.

        Raises:
            Overloaded: all places are taken.
        """
        if self._free <= 0:
            raise Overloaded(self._refusal)
        self._free -= 1

    def leave(self, count: int = 1) -> None:
        """Give places back."""
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
