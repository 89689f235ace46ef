"""HTTP routes, built from the IDL's annotations: every annotated method must have a handler."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from api import binding, envelope
from api.auth import Tokens
from api.call import ANONYMOUS, HttpCall, Stream
from api.settings import Settings
from api.upload import FILES, Expected, Upload
from api.words import WordList, names_of
from microkit.errors import ParamError
from microkit.rpc.contract import Contract, Method
from microkit.rpc.structs import fields_of

_VERBS: Final = {"api.get": "GET", "api.post": "POST"}
_HOST: Final = re.compile(r"[\w.-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?", re.ASCII)
_BEARER: Final = "bearer"


@dataclass(frozen=True, slots=True)
class Received:
    """A request's arguments by name, its viewer, and its upload if the method takes one."""

    arguments: binding.Arguments
    viewer: int
    upload: Upload | None = None


RECEIVED: Final = web.RequestKey("received", Received)


class Endpoint:
    """One method over HTTP: binds the arguments, identifies the viewer and calls the handler.

    Raises:
        TypeError: the handler has no coroutine named like the method, or the method takes a file
            and the IDL does not say of which kind.
    """

    def __init__(
        self,
        method: Method,
        handler: object,
        tokens: Tokens,
        base: "ObjectBase",
        words: WordList | None = None,
    ) -> None:
        self.method = method
        self.limit = method.annotations.get("api.limit")
        self.upload = _upload(method)
        self._call = method.coroutine(handler)
        self._auth = method.annotations.get("api.auth")
        self.requires_login = self._auth == "required"
        self.streams = method.annotations.get("api.stream") == "true"
        self.settles = method.annotations.get("api.settles") == "true"
        self._words = words if words is not None and names_of(method.request) else None
        self._tokens = tokens
        self._base = base

    def routes(self) -> Iterator[web.RouteDef]:
        """Yield the method's routes, each path with and without a trailing slash."""
        for annotation, verb in _VERBS.items():
            path = self.method.annotations.get(annotation)
            if path:
                for variant in (path, path.rstrip("/")):
                    yield web.RouteDef(verb, variant, self.handle, {})

    def early_viewer(self, http: web.Request) -> int:
        """Return the user of a token in the query or a header; 0 if the token is in the body.

        Raises:
            Unauthorized: the method requires a login and the token is not valid.
        """
        token = _token(http, http.query) if self._auth else ""
        return self._viewer(token) if token else 0

    def viewer(self, http: web.Request, arguments: binding.Arguments) -> int:
        """Return the user of a request's token; ANONYMOUS without a valid one."""
        return self._tokens.viewer_of(_token(http, arguments)) if self._auth else ANONYMOUS

    async def handle(self, http: web.Request) -> web.StreamResponse:
        """Answer a request whose body has been read."""
        received = http[RECEIVED]
        if self.requires_login and not received.viewer:
            self._tokens.user_of(_token(http, received.arguments))  # raises what is wrong with it
        request = binding.bind(self.method.request, received.arguments)
        if self._words is not None:
            self._words.check(request)
        base = self._base.of(http)
        answer = await self._call(HttpCall(request, received.viewer, base, received.upload))
        if self.streams:
            return await self._stream(http, received.viewer, answer)
        return await envelope.answer(http, answer)

    async def _stream(self, http: web.Request, viewer: int, stream: Stream) -> web.StreamResponse:
        token = _token(http, http[RECEIVED].arguments)
        return await stream(http, lambda: self._tokens.viewer_of(token) == viewer)

    def _viewer(self, token: str) -> int:
        find = self._tokens.user_of if self.requires_login else self._tokens.viewer_of
        return find(token)


def _upload(method: Method) -> Expected | None:
    """Return what file a method takes."""
    for field in fields_of(method.request):
        if field.type.name == "binary":
            file = field.annotations.get("api.file")
            if file not in FILES:
                raise TypeError(f"{method.name}: api.file of {field.name} is none of {FILES}")
            return Expected(file, method.annotations.get("api.limit", ""))
    return None


def endpoints(
    contract: Contract[Any, Any],
    handler: object,
    tokens: Tokens,
    settings: Settings,
    words: WordList | None = None,
) -> Iterator[Endpoint]:
    """Yield an endpoint for each method of one HTTP contract."""
    base = ObjectBase(settings)
    for method in contract.methods().values():
        yield Endpoint(method, handler, tokens, base, words)


class ObjectBase:
    """The prefix of object URLs."""

    def __init__(self, settings: Settings) -> None:
        # Presigned objects: clients get the API's URL, which redirects to a freshly signed one.
        base = "" if settings.objects_presigned else settings.objects_public_url.rstrip("/")
        if settings.public_url and not base:
            base = f"{settings.public_url.rstrip('/')}/objects"
        self._base = base

    def of(self, http: web.Request) -> str:
        """Return the prefix for the answer to a request; by default the address it was sent to.

        Raises:
            ParamError: the Host header is malformed.
        """
        return self._base or f"{host_url(http)}/objects"


def host_url(http: web.Request) -> str:
    """Return the URL of the server that a request was sent to.

    Raises:
        ParamError: the Host header is malformed.
    """
    return f"{http.scheme}://{_host(http)}"


def _host(http: web.Request) -> str:
    """Return the host and port that the request was sent to.

    Raises:
        ParamError: the Host header is malformed.
    """
    host = http.headers.get("Host")
    if not host:
        address, port = http.transport.get_extra_info("sockname")[:2] if http.transport else ("", 0)
        return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    return _valid_host(host)


@functools.lru_cache(maxsize=256)
def _valid_host(host: str) -> str:
    if not _HOST.fullmatch(host):
        raise ParamError("Host 请求头无效")
    return host


def _token(http: web.Request, arguments: binding.Arguments) -> str:
    token = arguments.get("token")
    if isinstance(token, str) and token:
        return token
    scheme, _, credentials = http.headers.get("Authorization", "").partition(" ")
    return credentials.strip() if scheme.lower() == _BEARER else ""
