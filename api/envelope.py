"""The envelope of every response: JSON with `status_code` and `status_msg`, and HTTP 200."""

import functools
from typing import Final, Generic, TypeVar

import msgspec
from aiohttp import web

from api import compression
from api.english import SUCCESS
from api.language import speaks_english
from api.pack.splice import encode
from microkit.errors import Error
from microkit.rpc import status
from microkit.rpc.structs import Struct

ResponseT = TypeVar("ResponseT", bound=msgspec.Struct)

_HEADERS: Final = {
    "Content-Type": "application/json; charset=utf-8",
    "X-Content-Type-Options": "nosniff",
}
_CHINESE: Final = f'"status_msg":"{status.SUCCESS}"'.encode()
_ENGLISH: Final = f'"status_msg":"{SUCCESS}"'.encode()
_PLAIN: Final = {**_HEADERS, **compression.PLAIN}
_COMPRESSED: Final = {**_HEADERS, **compression.ENCODED}


class Shared(Generic[ResponseT]):
    """A response shared by many requests, encoded once."""

    def __init__(self, body: bytes) -> None:
        self.body: Final = body

    @classmethod
    def of(cls, response: ResponseT) -> "Shared[ResponseT]":
        """Encode a response."""
        return cls(encode(response))

    @functools.cached_property
    def english(self) -> "Shared[ResponseT]":
        """The response with an English message, made for the first client that asks for it."""
        return Shared(_in_english(self.body))

    @functools.cached_property
    def compressed(self) -> bytes:
        """The body as gzip, compressed for the first client that asks for it."""
        return compression.gzip(self.body)


async def answer(request: web.Request, answered: ResponseT | Shared[ResponseT]) -> web.Response:
    """Return the response to a call, compressed if it is worth it and the client asks for it."""
    shared = answered if isinstance(answered, Shared) else None
    body = encode(answered) if shared is None else shared.body
    if speaks_english(request.headers):
        shared = shared and shared.english
        body = _in_english(body) if shared is None else shared.body
    if len(body) < compression.MIN_BYTES:
        return web.Response(body=body, headers=_HEADERS)
    if not compression.accepts_gzip(request.headers.get("Accept-Encoding", "")):
        return web.Response(body=body, headers=_PLAIN)
    body = await compression.gzip_any(body) if shared is None else shared.compressed
    return web.Response(body=body, headers=_COMPRESSED)


def _in_english(body: bytes) -> bytes:
    # Quotes are escaped within strings: only the field itself matches.
    return body.replace(_CHINESE, _ENGLISH, 1)


def failure(struct: Struct, error: Error) -> bytes:
    """Return the body that reports `error`; every other field of `struct` is present and empty."""
    return encode(status.failure(struct, error))


def bare_failure(error: Error) -> bytes:
    """Return the body that reports `error` outside of any method."""
    return encode({"status_code": error.code, "status_msg": error.message})


def response(body: bytes, status: int = 200) -> web.Response:
    """Return a JSON response."""
    return web.Response(body=body, status=status, headers=_HEADERS)
