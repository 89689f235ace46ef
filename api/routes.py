"""Routes from the IDL's annotations: no route outside of it, and none in it without a handler."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from api import binding, envelope
from api.auth import Tokens
from api.call import HttpCall
from api.settings import Settings
from api.upload import Upload
from microkit.errors import ParamError
from microkit.rpc.contract import Contract, Method
from microkit.rpc.structs import fields_of

_VERBS: Final = {"api.get": "GET", "api.post": "POST"}
_HOST: Final = re.compile(r"[\w.-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?", re.ASCII)
_BEARER: Final = "bearer"


@dataclass(frozen=True, slots=True)
class Arrived:
    """What came with a request: arguments by name, and the upload where the method takes one."""

    arguments: binding.Arguments
    upload: Upload | None = None


ARRIVED: Final = web.RequestKey("arrived", Arrived)


class Endpoint:
    """One method over HTTP: binds the arguments, identifies the viewer and calls its handler.

    Raises:
        TypeError: the handler has no coroutine of the method's name.
    """

    def __init__(self, method: Method, handler: object, tokens: Tokens, base: str) -> None:
        self.method = method
        self.takes_upload = any(f.type.name == "binary" for f in fields_of(method.request))
        self._call = method.coroutine(handler)
        self._auth = method.annotations.get("api.auth")
        self._tokens = tokens
        self._base = base

    def routes(self) -> Iterator[web.RouteDef]:
        """Give the method's routes, each path with and without the slash at its end."""
        for annotation, verb in _VERBS.items():
            path = self.method.annotations.get(annotation)
            if path:
                for each in (path, path.rstrip("/")):
                    yield web.RouteDef(verb, each, self.handle, {})

    def early_viewer(self, http: web.Request) -> int:
        """Return whom a token that comes before the body acts for; 0 when it comes within.

        Raises:
            Unauthorized: the method requires a login and the token is not valid.
        """
        token = _token(http, http.query) if self._auth else ""
        return self._viewer(token) if token else 0

    async def handle(self, http: web.Request) -> web.Response:
        """Answer a request that has arrived completely."""
        arrived = http[ARRIVED]
        viewer = self._viewer(_token(http, arrived.arguments)) if self._auth else 0
        request = binding.bind(self.method.request, arrived.arguments)
        base = self._base or f"{http.scheme}://{_host(http)}/objects"
        answer = await self._call(HttpCall(request, viewer, base, arrived.upload))
        return envelope.response(envelope.success(answer))

    def _viewer(self, token: str) -> int:
        required = self._auth == "required"
        return self._tokens.user_of(token) if required else self._tokens.viewer_of(token)


def endpoints(
    contract: Contract[Any, Any], handler: object, tokens: Tokens, settings: Settings
) -> Iterator[Endpoint]:
    """Give an endpoint for each method of one HTTP contract."""
    # Where it is signed, the API says for how long.
    base = "" if settings.objects_presigned else settings.objects_public_url.rstrip("/")
    if settings.public_url and not base:
        base = f"{settings.public_url.rstrip('/')}/objects"
    for method in contract.methods().values():
        yield Endpoint(method, handler, tokens, base)


def _host(http: web.Request) -> str:
    """Return where the request was sent to.

    Raises:
        ParamError: it says so in a way that no address is written.
    """
    host = http.headers.get("Host")
    if not host:
        address, port = http.transport.get_extra_info("sockname")[:2] if http.transport else ("", 0)
        return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    return _checked(host)


@functools.lru_cache(maxsize=256)
def _checked(host: str) -> str:
    if not _HOST.fullmatch(host):
        raise ParamError("Host 请求头无效")
    return host


def _token(http: web.Request, given: binding.Arguments) -> str:
    token = given.get("token")
    if isinstance(token, str) and token:
        return token
    scheme, _, credentials = http.headers.get("Authorization", "").partition(" ")
    return credentials.strip() if scheme.lower() == _BEARER else ""
