"""The errors of the house: raised where they are known, turned into a status in one place per side.

    Error                       code   retry
    ├── ServiceError            10001  not retryable   anything unexpected
    ├── ParamError              10002  not retryable   an argument is out of bounds
    ├── AlreadyExists           10003  not retryable
    ├── Unauthorized            10004  not retryable   no valid login
    ├── StoreError              10005  maybe handled   a database or Redis failed
    ├── Unavailable             10006  see `retry`     a peer did not answer
    │   ├── DeadlineExceeded           maybe handled
    │   ├── Overloaded                 never handled
    │   └── UnknownMethod              never handled   the peer lacks the method
    ├── NotFound                10007  not retryable
    └── Forbidden               10008  not retryable

Messages are shown to people: Chinese, short, and without internals.
"""

import enum
from typing import ClassVar


class Retry(enum.Enum):
    """What is known about a failed call, and so whether it may be made again."""

    NEVER_HANDLED = "never handled"
    MAYBE_HANDLED = "maybe handled"
    NOT_RETRYABLE = "not retryable"


class Error(Exception):
    """A failure with a number and a text for people."""

    code: ClassVar[int] = 10001
    retry: Retry = Retry.NOT_RETRYABLE
    default: ClassVar[str] = "服务出错，请稍后再试"

    peer = ""
    """The method that answered with it or did not answer, on the client side of an RPC."""

    def __init__(self, message: str | None = None) -> None:
        self.message = message or self.default
        super().__init__(self.message)


class ServiceError(Error):
    """Something unexpected."""


class ParamError(Error):
    """An argument is missing, of the wrong form or out of bounds."""

    code = 10002
    default = "参数错误"


class AlreadyExists(Error):
    """What should be created is there already."""

    code = 10003
    default = "记录已存在"


class Unauthorized(Error):
    """No login, or one that is not valid."""

    code = 10004
    default = "请先登录"


class StoreError(Error):
    """A database or Redis failed or did not answer."""

    code = 10005
    retry = Retry.MAYBE_HANDLED
    default = "数据服务暂不可用，请稍后再试"


class Unavailable(Error):
    """A peer did not answer."""

    code = 10006
    retry = Retry.MAYBE_HANDLED
    default = "服务暂不可用，请稍后再试"

    def __init__(self, message: str | None = None, retry: Retry | None = None) -> None:
        super().__init__(message)
        if retry is not None:
            self.retry = retry


class DeadlineExceeded(Unavailable):
    """The answer did not come in time."""

    default = "服务响应超时，请稍后再试"


class Overloaded(Unavailable):
    """Too much to do: refused before anything was done."""

    retry = Retry.NEVER_HANDLED
    default = "服务繁忙，请稍后再试"


class UnknownMethod(Unavailable):
    """The peer does not know the method."""

    retry = Retry.NEVER_HANDLED


class NotFound(Error):
    """What was asked for does not exist."""

    code = 10007
    default = "记录不存在"


class Forbidden(Error):
    """The caller is known, and may not do this."""

    code = 10008
    default = "没有权限"


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
    )
}


def from_code(code: int, message: str | None = None) -> Error:
    """Return the error that a status number stands for; an unknown number is a ServiceError.

    A message that is not Chinese, as other programs send, is replaced by the error's own: it may
    hold internals.
    """
    return _BY_CODE.get(code, ServiceError)(message if _is_chinese(message or "") else None)


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)
