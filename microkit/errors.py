"""The errors that cross process boundaries as a status; see `microkit.rpc.status`.

    Error                       code   retry
    ├── ServiceError            10001  not retryable   anything unexpected
    ├── ParamError              10002  not retryable   an argument is invalid
    ├── AlreadyExists           10003  not retryable
    ├── Unauthorized            10004  not retryable   missing or invalid token
    ├── StoreError              10005  maybe handled   a database, Redis or object store failed
    ├── Unavailable             10006  see `retry`     a peer did not reply
    │   ├── DeadlineExceeded           maybe handled
    │   ├── Overloaded                 never handled
    │   └── UnknownMethod              never handled   the peer lacks the method
    ├── NotFound                10007  not retryable
    ├── Forbidden               10008  not retryable
    └── TooManyRequests         10009  not retryable   a rate limit is reached

Messages are shown to users: short, Chinese, without internals.
"""

import enum
from typing import ClassVar


class Retry(enum.Enum):
    """Whether a failed call may be retried."""

    NEVER_HANDLED = "never handled"
    MAYBE_HANDLED = "maybe handled"
    NOT_RETRYABLE = "not retryable"


class Error(Exception):
    """A failure with a number and a message for users."""

    code: ClassVar[int] = 10001
    retry: Retry = Retry.NOT_RETRYABLE
    default: ClassVar[str] = "服务出错，请稍后再试"

    peer = ""
    """On the client side of an RPC: the ``service.Method`` whose call failed."""

    def __init__(self, message: str | None = None) -> None:
        self.message = message or self.default
        super().__init__(self.message)

    @property
    def cause(self) -> str:
        """Return the call that failed, if it was one, and the message; for logs."""
        return f"{self.peer}: {self.message}" if self.peer else self.message


class ServiceError(Error):
    """An unexpected failure."""


class ParamError(Error):
    """An argument is missing, malformed or out of bounds."""

    code = 10002
    default = "参数错误"


class AlreadyExists(Error):
    """The record to create exists already."""

    code = 10003
    default = "记录已存在"


class Unauthorized(Error):
    """The token is missing or invalid."""

    code = 10004
    default = "请先登录"


class StoreError(Error):
    """A database, Redis or object store failed or did not reply."""

    code = 10005
    retry = Retry.MAYBE_HANDLED
    default = "数据服务暂不可用，请稍后再试"


class Unavailable(Error):
    """A peer did not reply."""

    code = 10006
    retry = Retry.MAYBE_HANDLED
    default = "服务暂不可用，请稍后再试"

    def __init__(self, message: str | None = None, retry: Retry | None = None) -> None:
        super().__init__(message)
        if retry is not None:
            self.retry = retry


class DeadlineExceeded(Unavailable):
    """The reply did not arrive in time."""

    default = "服务响应超时，请稍后再试"


class Overloaded(Unavailable):
    """A concurrency limit is reached; the call was refused before it was handled."""

    retry = Retry.NEVER_HANDLED
    default = "服务繁忙，请稍后再试"


class UnknownMethod(Unavailable):
    """The peer does not implement the method."""

    retry = Retry.NEVER_HANDLED


class NotFound(Error):
    """The record does not exist."""

    code = 10007
    default = "记录不存在"


class Forbidden(Error):
    """The user is authenticated but not allowed to do this."""

    code = 10008
    default = "没有权限"


class TooManyRequests(Error):
    """A rate limit is reached."""

    code = 10009
    default = "操作太频繁，请稍后再试"


_BY_CODE: dict[int, type[Error]] = {
    kind.code: kind
    for kind in (
        ServiceError,
        ParamError,
        AlreadyExists,
        Unauthorized,
        StoreError,
        Unavailable,
        NotFound,
        Forbidden,
        TooManyRequests,
    )
}


def from_code(code: int, message: str | None = None) -> Error:
    """Return the error with this number; ServiceError for an unknown number.

    A message without Chinese text is replaced by the error's default: other programs send
    internals in it.
    """
    return _BY_CODE.get(code, ServiceError)(message if _is_chinese(message or "") else None)


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


def cause_of(error: Exception) -> str:
    """Return what failed and why; for logs."""
    return error.cause if isinstance(error, Error) else str(error) or repr(error)
