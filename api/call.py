"""The argument of every HTTP handler."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from aiohttp import web

from api.upload import Upload
from microkit.errors import ParamError

RequestT = TypeVar("RequestT")

ANONYMOUS: Final = 0
"""The viewer of a request without a valid token."""


Stream = Callable[[web.Request, Callable[[], bool]], Awaitable[web.StreamResponse]]
"""What a method returns whose answer does not end: it sends while the caller's token is valid."""


class UserRequest(Protocol):
    """A request with a `user_id`, which may be 0."""

    user_id: int


UserRequestT = TypeVar("UserRequestT", bound=UserRequest)


@dataclass(slots=True)
class HttpCall(Generic[RequestT]):
    """One call of an HTTP method.

    Args:
        request: the bound arguments.
        viewer: the calling user's id, or ANONYMOUS.
        base: the prefix of object URLs.
        upload: the uploaded file, if the method takes one.
    """

    request: RequestT
    viewer: int
    base: str
    upload: Upload | None = None


def target_user(call: HttpCall[UserRequestT]) -> int:
    """Return the requested user's id, by default the viewer's.

    Raises:
        ParamError: the request has no user id, and the viewer is anonymous.
    """
    user_id = call.request.user_id or call.viewer
    if user_id <= 0:
        raise ParamError("需要有效的 user_id 或登录")
    return user_id
