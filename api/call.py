"""One call of the HTTP API, as its handler gets it."""

from dataclasses import dataclass
from typing import Any

from microkit.errors import ParamError


@dataclass(slots=True)
class Call:
    """The bound request, who makes it (0: nobody), and what object URLs begin with.

    `upload` is there where the contract has a file.
    """

    request: Any
    viewer: int
    base: str
    upload: Any = None

    def whose(self) -> int:
        """Return the user that the call asks about: the one it names, or else who makes it.

        Raises:
            ParamError: it names nobody, and nobody makes it.
        """
        user_id: int = self.request.user_id or self.viewer
        if user_id <= 0:
            raise ParamError("需要有效的 user_id 或登录")
        return user_id
