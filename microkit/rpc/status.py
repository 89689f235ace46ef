"""How a response reports success or failure: four conventions, ``(status = "…")`` in the IDL.

    flag       a bool; on failure the number in status_code and the text in status_msg
    numbered   0 or the error's number in status_code, its text in status_msg; in the response or in
               its base_resp
    relation   1 success, 0 error, 2 bad parameter; text in msg, the error's number in error_code
    envelope   as numbered, over HTTP: success has a status_msg too, and a failure has every field
               of the response, empty

The server turns errors into responses here; the client turns responses into errors.

The original contracts have no number for a failed `flag`, and the original services return their
database's "record not found" unchanged. The annotation ``unnumbered = "10003 用户名已存在"`` gives
the error that a method means by either.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from microkit.errors import Error, NotFound, ParamError, ServiceError, from_code
from microkit.rpc.structs import Field, Struct, fields_of, zero

_RELATION_OK, _RELATION_ERROR, _RELATION_PARAM = 1, 0, 2
SUCCESS: Final = "成功"
"""The text of every success."""

# The fields that a convention uses in addition to the marked one.
_OTHER_FIELDS: Final = {
    "flag": ("status_code", "status_msg"),
    "numbered": ("status_msg",),
    "relation": ("msg", "error_code"),
    "envelope": ("status_msg",),
}
# The error text of the database library of the original services.
_NOT_FOUND: Final = "record not found"


@dataclass(frozen=True, slots=True)
class Status:
    """The status of one response struct.

    Attributes:
        name: the marked field.
        convention: a convention of the module's table.
        struct: the class of the marked field if it is a struct (base_resp), else None.
        unnumbered: number and text of the error of an unnumbered failure, if annotated.
    """

    name: str
    convention: str
    struct: Struct | None
    unnumbered: tuple[int, str] | None

    def fields(self) -> tuple[str, ...]:
        """Return the names of the response's status fields."""
        return (self.name, *(() if self.struct else _OTHER_FIELDS[self.convention]))

    def success(self) -> dict[str, Any]:
        """Return the status fields of a success.

        The text is optional on the wire. The original services always set it, and callers written
        for them read it unchecked.
        """
        if self.struct is not None:
            return {self.name: self.struct(status_code=0, status_msg=SUCCESS)}
        if self.convention == "relation":
            return {self.name: _RELATION_OK, "msg": SUCCESS}
        if self.convention == "envelope":
            return {self.name: 0, "status_msg": SUCCESS}
        return {self.name: True if self.convention == "flag" else 0}

    def failure(self, error: Error) -> dict[str, Any]:
        """Return the status fields of `error`."""
        if self.convention == "relation":
            code = _RELATION_PARAM if isinstance(error, ParamError) else _RELATION_ERROR
            return {self.name: code, "msg": error.message, "error_code": error.code}
        if self.struct is not None:
            return {self.name: self.struct(status_code=error.code, status_msg=error.message)}
        fields = {"status_code": error.code, "status_msg": error.message}
        return fields | {self.name: False} if self.convention == "flag" else fields

    def error(self, response: Any) -> Error | None:
        """Return the error that `response` reports, None for success."""
        value = getattr(response, self.name)
        if self.convention == "relation":
            if value == _RELATION_OK:
                return None
            default = ParamError.code if value == _RELATION_PARAM else ServiceError.code
            return self._from_code(response.error_code or default, response.msg)
        if self.convention == "flag":
            if value:
                return None
            if response.status_code is None and self.unnumbered is not None:
                return from_code(*self.unnumbered)
            return self._from_code(response.status_code or ServiceError.code, response.status_msg)
        numbered = response if self.struct is None else value
        if not numbered.status_code:
            return None
        return self._from_code(numbered.status_code, numbered.status_msg)

    def not_found(self) -> Error:
        """Return the error for a record that the peer did not find."""
        return from_code(*self.unnumbered) if self.unnumbered else NotFound()

    def _from_code(self, code: int, message: str | None) -> Error:
        return self.not_found() if is_not_found(message or "") else from_code(code, message)


def declared(struct: Struct) -> bool:
    """Return whether the struct has a field with a status annotation, as every response has."""
    return any("status" in f.annotations for f in fields_of(struct))


def success(struct: Struct) -> Callable[..., Any]:
    """Return the constructor of a successful response: every response struct's ``ok``."""
    # All responses share one base_resp value, which is never modified.
    return functools.partial(struct, **status_of(struct).success())


def failure(struct: Struct, error: Error) -> Any:
    """Return a response that reports `error`, its other required fields zero."""
    status = status_of(struct)
    response = zero(struct, **status.failure(error))
    if status.convention == "envelope":
        for f in fields_of(struct):
            if f.type.struct is None:
                if getattr(response, f.name) is None:
                    setattr(response, f.name, f.zero())
            elif getattr(response, f.name) is not None:
                _complete(getattr(response, f.name))
    return response


def _complete(inner: msgspec.Struct) -> None:
    """Set the unset optional fields of a struct to zero."""
    for f in fields_of(type(inner)):
        if getattr(inner, f.name) is None:
            setattr(inner, f.name, f.zero())


def is_not_found(text: str) -> bool:
    """Return whether a peer's error text says that a record does not exist."""
    return _NOT_FOUND in text


def not_found(struct: Struct) -> Error:
    """Return the error of a method with this response for a missing record."""
    return status_of(struct).not_found()


def check(response: msgspec.Struct) -> None:
    """Check that a response reports success.

    Raises:
        Error: the response reports a failure; the class is that of the error's number.
    """
    error = status_of(type(response)).error(response)
    if error is not None:
        raise error


@functools.cache
def status_of(struct: Struct) -> Status:
    """Return the status of a response struct.

    Raises:
        TypeError: the number of its marked fields is not one.
    """
    marked: list[Field] = [f for f in fields_of(struct) if "status" in f.annotations]
    if len(marked) != 1:
        raise TypeError(f"{struct.__name__}: want one field with a status annotation")
    field = marked[0]
    code, _, text = field.annotations.get("unnumbered", "").partition(" ")
    unnumbered = (int(code), text) if code else None
    return Status(field.name, field.annotations["status"], field.type.struct, unnumbered)
