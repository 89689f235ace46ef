"""The envelope of every response: JSON with `status_code` and `status_msg`, and HTTP 200."""

import functools
from typing import Final, Generic, TypeVar

import msgspec
from aiohttp import web

from api import compression
from api.pack.splice import encode
from microkit.errors import Error
from microkit.rpc import status
from microkit.rpc.structs import Struct

ResponseT = TypeVar("ResponseT", bound=msgspec.Struct)

_HEADERS: Final = {
    "Content-Type": "application/json; charset=utf-8",
    "X-Content-Type-Options": "nosniff",
}
_PLAIN: Final = {**_HEADERS, **compression.PLAIN}
_COMPRESSED: Final = {**_HEADERS, **compression.ENCODED}


class Shared(Generic[ResponseT]):
    """A response shared by many requests, encoded once."""

    def __init__(self, response: ResponseT) -> None:
        self.body: Final = encode(response)

    @functools.cached_property
    def compressed(self) -> bytes:
        """The body as gzip, compressed for the first client that asks for it."""
        return compression.gzip(self.body)


def success(response: msgspec.Struct | Shared[msgspec.Struct]) -> bytes:
    """Return the body of a response."""
    return response.body if isinstance(response, Shared) else encode(response)


async def answer(
    request: web.Request, answered: msgspec.Struct | Shared[msgspec.Struct]
) -> web.Response:
    """Return the response to a call, compressed if it is worth it and the client asks for it."""
    body = success(answered)
    if len(body) < compression.MIN_BYTES:
        return web.Response(body=body, headers=_HEADERS)
    if not compression.accepts_gzip(request.headers.get("Accept-Encoding", "")):
        return web.Response(body=body, headers=_PLAIN)
    if isinstance(answered, Shared):
        body = answered.compressed
    else:
        body = await compression.gzip_any(body)
    return web.Response(body=body, headers=_COMPRESSED)


def failure(struct: Struct, error: Error) -> bytes:
    """Return the body that reports `error`; every other field of `struct` is present and empty."""
    return encode(status.failure(struct, error))


def bare_failure(error: Error) -> bytes:
    """Return the body that reports `error` outside of any method."""
    return encode({"status_code": error.code, "status_msg": error.message})


def response(body: bytes, status: int = 200) -> web.Response:
    """Return a JSON response."""
    return web.Response(body=body, status=status, headers=_HEADERS)
