"""How a response says success or failure: four conventions, marked ``(status = "…")`` in the IDL.

    flag       a bool; a failure's number and text in status_code and status_msg
    numbered   0 or a failure's number in status_code, text in status_msg; in the response itself or
               in its base_resp
    relation   1 success, 0 error, 2 bad parameter; text in msg, a failure's number in error_code
    envelope   as numbered, over HTTP: status_msg has a text on success too, and a failure has every
               field of the response, empty

A server turns errors into responses here; a client turns responses into errors.

The original contracts have no number for a failed `flag`, and the original services return their
database's "record not found" as it is. What a method means by either is its annotation
``unnumbered = "10003 用户名已存在"``.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from microkit.errors import Error, NotFound, ParamError, ServiceError, from_code
from microkit.rpc.structs import Field, Struct, fields_of, zero

_RELATION_OK, _RELATION_ERROR, _RELATION_PARAM = 1, 0, 2
_SUCCESS: Final = "成功"
# The fields that a convention uses beside the one that is marked.
_BESIDE: Final = {
    "flag": ("status_code", "status_msg"),
    "numbered": ("status_msg",),
    "relation": ("msg", "error_code"),
    "envelope": ("status_msg",),
}
# What the database library of the original services says.
_NOT_FOUND: Final = "record not found"


@dataclass(frozen=True, slots=True)
class Status:
    """The status of one response struct: `name` is the field that is marked."""

    name: str
    convention: str
    struct: Struct | None
    unnumbered: tuple[int, str] | None

    def fields(self) -> tuple[str, ...]:
        """Return the names of the response's fields that say how the call went."""
        return (self.name, *(() if self.struct else _BESIDE[self.convention]))

    def success(self) -> dict[str, Any]:
        """Return the fields that say success.

        The text is optional on the wire, but the original services always set it, and callers
        written for them read it without a check.
        """
        if self.struct is not None:
            return {self.name: self.struct(status_code=0, status_msg=_SUCCESS)}
        if self.convention == "relation":
            return {self.name: _RELATION_OK, "msg": _SUCCESS}
        if self.convention == "envelope":
            return {self.name: 0, "status_msg": _SUCCESS}
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
            known = ParamError.code if value == _RELATION_PARAM else ServiceError.code
            return self._named(answer.error_code or known, answer.msg)
        if self.convention == "flag":
            if value:
                return None
            if answer.status_code is None and self.unnumbered is not None:
                return from_code(*self.unnumbered)
            return self._named(answer.status_code or ServiceError.code, answer.status_msg)
        holder = answer if self.struct is None else value
        return self._named(holder.status_code, holder.status_msg) if holder.status_code else None

    def not_found(self) -> Error:
        """Return the error for a record that a peer did not find."""
        return from_code(*self.unnumbered) if self.unnumbered else NotFound()

    def _named(self, code: int, message: str | None) -> Error:
        return self.not_found() if is_not_found(message or "") else from_code(code, message)


def declared(struct: Struct) -> bool:
    """Has the struct a field with a status annotation, as every response has?"""
    return any("status" in f.annotations for f in fields_of(struct))


def success(struct: Struct) -> Callable[..., Any]:
    """Return the constructor of a successful response: every response struct's ``ok``."""
    # Responses share the value of base_resp: nothing writes to one.
    return functools.partial(struct, **status_of(struct).success())


def failure(struct: Struct, error: Error) -> Any:
    """Return a response of this struct that says `error`, its other required fields empty."""
    status = status_of(struct)
    answer = zero(struct, **status.failure(error))
    if status.convention == "envelope":
        for f in fields_of(struct):
            if f.type.struct is None:
                if getattr(answer, f.name) is None:
                    setattr(answer, f.name, f.zero())
            elif getattr(answer, f.name) is not None:
                _complete(getattr(answer, f.name))
    return answer


def _complete(inner: msgspec.Struct) -> None:
    """Set the optional fields of an empty struct too."""
    for f in fields_of(type(inner)):
        if getattr(inner, f.name) is None:
            setattr(inner, f.name, f.zero())


def is_not_found(text: str) -> bool:
    """Return whether a peer's text is its database's for a record that does not exist."""
    return _NOT_FOUND in text


def not_found(struct: Struct) -> Error:
    """Return the error that a method with this response means by a record that does not exist."""
    return status_of(struct).not_found()


def check(answer: msgspec.Struct) -> None:
    """Raise the error that a response says.

    Raises:
        Error: of the class that its number stands for.
    """
    error = status_of(type(answer)).error(answer)
    if error is not None:
        raise error


@functools.cache
def status_of(struct: Struct) -> Status:
    """Return the status of a response struct.

    Raises:
        TypeError: not exactly one of its fields is marked.
    """
    marked: list[Field] = [f for f in fields_of(struct) if "status" in f.annotations]
    if len(marked) != 1:
        raise TypeError(f"{struct.__name__}: want one field with a status annotation")
    field = marked[0]
    code, _, text = field.annotations.get("unnumbered", "").partition(" ")
    unnumbered = (int(code), text) if code else None
    return Status(field.name, field.annotations["status"], field.type.struct, unnumbered)
