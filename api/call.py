"""One call of the HTTP API, as its handler gets it."""

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from api.upload import Upload
from microkit.errors import ParamError

RequestT = TypeVar("RequestT")


class AsksAboutUser(Protocol):
    """A request that names a user."""

    user_id: int


AboutUserT = TypeVar("AboutUserT", bound=AsksAboutUser)


@dataclass(slots=True)
class HttpCall(Generic[RequestT]):
    """The bound request, the user who makes it (0: anonymous), and what object URLs begin with.

    `upload` is set where the contract has a file.
    """

    request: RequestT
    viewer: int
    base: str
    upload: Upload | None = None


def whose(call: HttpCall[AboutUserT]) -> int:
    """Return the user that the call asks about: the one it names, or else the viewer.

    Raises:
        ParamError: it names no user, and is anonymous.
    """
    user_id = call.request.user_id or call.viewer
    if user_id <= 0:
        raise ParamError("需要有效的 user_id 或登录")
    return user_id
