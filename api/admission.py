"""How many calls are handled at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from microkit.errors import Overloaded


class Admission:
    """Lets up to `limit` calls in and refuses the others at once.

    A call is let in when it has arrived: who sends slowly takes nobody's place.
    """

    def __init__(self, limit: int) -> None:
        self._left = limit

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Be in while the block lasts.

        Raises:
            Overloaded: there is no place.
        """
        if self._left <= 0:
            raise Overloaded
        self._left -= 1
        try:
            yield
        finally:
            self._left += 1
