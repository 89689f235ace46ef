"""The envelope of every response: JSON with `status_code` and `status_msg`, and HTTP 200."""

from typing import Final, Generic, TypeVar

import msgspec
from aiohttp import web

from api.pack.splice import encode
from microkit.errors import Error
from microkit.rpc import status
from microkit.rpc.structs import Struct

ResponseT = TypeVar("ResponseT", bound=msgspec.Struct)

_HEADERS: Final = {
    "Content-Type": "application/json; charset=utf-8",
    "X-Content-Type-Options": "nosniff",
}


class Shared(Generic[ResponseT]):
    """A response shared by many requests, encoded once."""

    __slots__ = ("body",)

    def __init__(self, response: ResponseT) -> None:
        self.body: Final = encode(response)


def success(response: msgspec.Struct | Shared[msgspec.Struct]) -> bytes:
    """Return the body of a response."""
    return response.body if isinstance(response, Shared) else encode(response)


def failure(struct: Struct, error: Error) -> bytes:
    """Return the body that reports `error`; every other field of `struct` is present and empty."""
    return encode(status.failure(struct, error))


def bare_failure(error: Error) -> bytes:
    """Return the body that reports `error` outside of any method."""
    return encode({"status_code": error.code, "status_msg": error.message})


def response(body: bytes, status: int = 200) -> web.Response:
    """Return a JSON response."""
    return web.Response(body=body, status=status, headers=_HEADERS)
