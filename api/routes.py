"""Routes from the IDL's annotations: no route outside of it, and none in it without a handler."""

import asyncio
import functools
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

from aiohttp import web

from api import binding, envelope
from api.admission import Admission
from api.auth import Tokens
from api.call import Call
from api.settings import Settings
from api.upload import Uploads
from api.validation import validate
from microkit.errors import ParamError
from microkit.metrics import meter
from microkit.rpc.contract import Contract, Method, fields_of

_VERBS: Final = {"api.get": "GET", "api.post": "POST"}
_HOST: Final = re.compile(r"[\w.-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?", re.ASCII)
_BEARER: Final = "bearer"


class Endpoint:
    """One method over HTTP: binds the arguments, finds out who calls, and calls its handler.

    Raises:
        TypeError: the handler has no coroutine of the method's name.
    """

    def __init__(
        self,
        method: Method,
        handler: object,
        tokens: Tokens,
        uploads: Uploads,
        admission: Admission,
        base: str,
    ) -> None:
        call = getattr(handler, method.name, None)
        if not asyncio.iscoroutinefunction(call):
            raise TypeError(f"{type(handler).__name__} has no coroutine {method.name}")
        self.response = method.response
        self.meter = meter("http", "api", method.name)
        self._request = method.request
        self._call: Callable[[Call], Awaitable[Any]] = call
        self._auth = method.annotations.get("api.auth")
        self._takes_upload = any(f.type_name == "binary" for f in fields_of(method.request))
        self._tokens = tokens
        self._uploads = uploads
        self._admission = admission
        self._base = base

    async def handle(self, http: web.Request) -> web.Response:
        """Answer one request."""
        if self._takes_upload:
            return await self._answer_upload(http)
        return await self._answer(http, await binding.arguments(http))

    async def _answer_upload(self, http: web.Request) -> web.Response:
        early = _token(http, http.query)
        user_id = self._viewer(early) if early else 0  # else it comes with the form
        async with self._uploads.receive(http, user_id) as upload:
            return await self._answer(http, {**upload.arguments, **http.query}, upload)

    async def _answer(
        self, http: web.Request, given: binding.Arguments, upload: Any = None
    ) -> web.Response:
        viewer = self._viewer(_token(http, given)) if self._auth else 0
        request = binding.bind(self._request, given)
        validate(request)
        base = self._base or f"{http.scheme}://{_host(http)}/objects"
        self._admission.enter()
        try:
            answer = await self._call(Call(request, viewer, base, upload))
        finally:
            self._admission.leave()
        return envelope.response(envelope.success(answer))

    def _viewer(self, token: str) -> int:
        required = self._auth == "required"
        return self._tokens.user_of(token) if required else self._tokens.viewer_of(token)


def routes(
    contract: Contract,
    handler: object,
    tokens: Tokens,
    uploads: Uploads,
    admission: Admission,
    settings: Settings,
) -> Iterator[web.RouteDef]:
    """Give the routes of one HTTP contract, each path with and without the slash at its end."""
    # Where it is signed, the API says for how long.
    base = "" if settings.objects_presigned else settings.objects_public_url.rstrip("/")
    if settings.public_url and not base:
        base = f"{settings.public_url.rstrip('/')}/objects"
    for method in contract.methods().values():
        endpoint = Endpoint(method, handler, tokens, uploads, admission, base)
        for annotation, verb in _VERBS.items():
            path = method.annotations.get(annotation)
            if path:
                for each in (path, path.rstrip("/")):
                    yield web.RouteDef(verb, each, endpoint.handle, {})


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
