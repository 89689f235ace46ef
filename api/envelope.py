"""How every answer is written: JSON with `status_code` and `status_msg`, and HTTP 200."""

from typing import Any, Final

import msgspec
from aiohttp import web

from microkit.errors import Error
from microkit.rpc.contract import Struct, fields_of, zero

_encode = msgspec.json.Encoder().encode
_HEADERS: Final = {"Content-Type": "application/json; charset=utf-8"}


def success(answer: msgspec.Struct) -> bytes:
    """Return the body of an answer."""
    return _encode(answer)


def failure(struct: Struct, error: Error) -> bytes:
    """Return the body that says `error`: an answer with every other field there, and empty."""
    answer = zero(struct, status_code=error.code, status_msg=error.message)
    for field in fields_of(struct):
        if field.struct is not None and getattr(answer, field.name) is not None:
            _complete(getattr(answer, field.name))
    return _encode(answer)


def _complete(inner: msgspec.Struct) -> None:
    """Set the optional fields of an empty object too: clients want all of them."""
    for field in fields_of(type(inner)):
        if getattr(inner, field.name) is None:
            setattr(inner, field.name, field.zero())


def bare_failure(error: Error) -> bytes:
    """Return the body that says `error` where no method is known."""
    return _encode({"status_code": error.code, "status_msg": error.message})


def response(body: bytes, status: int = 200) -> web.Response:
    """Return a JSON response."""
    return web.Response(body=body, status=status, headers=_HEADERS)


def done(struct: Struct, **fields: Any) -> Any:
    """Return a successful answer of this struct with `fields` set."""
    return struct(status_code=0, status_msg="成功", **fields)
