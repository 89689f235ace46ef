"""How an answer says how it went: three conventions, marked in the IDL by ``(status = "…")``.

    flag       a bool; a failure's number and text in status_code and status_msg
    numbered   0 or a failure's number in status_code, text in status_msg; on the answer itself or
               in its base_resp
    relation   1 success, 0 error, 2 bad parameter; text in msg, a failure's number in error_code

One place per side: a server turns errors into answers here, a client answers into errors.
"""

import functools
from dataclasses import dataclass
from typing import Any

import msgspec

from microkit.errors import Error, NotFound, ParamError, ServiceError, from_code
from microkit.rpc.contract import Field, Struct, fields_of, zero

_RELATION_OK, _RELATION_ERROR, _RELATION_PARAM = 1, 0, 2
_SUCCESS = "成功"


@dataclass(frozen=True, slots=True)
class Status:
    """How one struct says how it went: `name` is the field that is marked."""

    name: str
    convention: str
    struct: Struct | None

    def success(self) -> dict[str, Any]:
        """Return the fields that say success.

        The text is optional on the wire, but the original services always set it, and callers
        written for them read it without a check.
        """
        if self.struct is not None:
            return {self.name: self.struct(status_code=0, status_msg=_SUCCESS)}
        if self.convention == "relation":
            return {self.name: _RELATION_OK, "msg": _SUCCESS}
        return {self.name: True if self.convention == "flag" else 0}

    def failure(self, error: Error) -> dict[str, Any]:
        """Return the fields that say `error`."""
        if self.convention == "relation":
            code = _RELATION_PARAM if isinstance(error, ParamError) else _RELATION_ERROR
            return {self.name: code, "msg": error.message, "error_code": error.code}
        if self.struct is not None:
            return {self.name: self.struct(status_code=error.code, status_msg=error.message)}
        said = {"status_code": error.code, "status_msg": error.message}
        return said | {self.name: False} if self.convention == "flag" else said

    def error(self, answer: Any) -> Error | None:
        """Return the error that `answer` says, None for success."""
        value = getattr(answer, self.name)
        if self.convention == "relation":
            if value == _RELATION_OK:
                return None
            older = ParamError.code if value == _RELATION_PARAM else ServiceError.code
            return from_code(answer.error_code or older, answer.msg)
        if self.convention == "flag":
            if value:
                return None
            # An older peer says no more than that it went wrong.
            return from_code(answer.status_code or NotFound.code, answer.status_msg)
        holder = answer if self.struct is None else value
        return from_code(holder.status_code, holder.status_msg) if holder.status_code else None


def ok(struct: Struct, **fields: Any) -> Any:
    """Return a successful answer of this struct with `fields` set."""
    status = _status(struct)
    return struct(**status.success(), **fields)


def failure(struct: Struct, error: Error) -> Any:
    """Return an answer of this struct that says `error`, its other required fields empty."""
    return zero(struct, **_status(struct).failure(error))


def check(answer: msgspec.Struct) -> None:
    """Raise the error that an answer says.

    Raises:
        Error: of the class that its number stands for.
    """
    error = _status(type(answer)).error(answer)
    if error is not None:
        raise error


@functools.cache
def _status(struct: Struct) -> Status:
    marked: list[Field] = [f for f in fields_of(struct) if "status" in f.annotations]
    if len(marked) != 1:
        raise TypeError(f"{struct.__name__}: want one field with a status annotation")
    return Status(marked[0].name, marked[0].annotations["status"], marked[0].struct)
