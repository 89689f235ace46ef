"""How many calls are handled at once."""

from microkit.errors import Overloaded


class Admission:
    """Lets up to `limit` calls in and refuses the others at once.

    A call is let in when it has arrived: who sends slowly takes nobody's place.
    """

    def __init__(self, limit: int) -> None:
        self._left = limit

    def enter(self) -> None:
        """Let a call in; it has to `leave`.

        Raises:
            Overloaded: there is no place.
        """
        if self._left <= 0:
            raise Overloaded
        self._left -= 1

    def leave(self) -> None:
        """Let the call out again."""
        self._left += 1
