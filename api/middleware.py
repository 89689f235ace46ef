"""The HTTP middleware chain: one purpose per link; `api/app.py` lists the links in order.

Every request passes every link. A link wraps the handler of a route once, when the route serves its
first request, and leaves it alone if the route does not concern it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, NamedTuple

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from api import binding, envelope
from api.accounts import Accounts
from api.events import NoRoom
from api.form import Compressed, TooLarge
from api.language import spoken
from api.routes import RECEIVED, Endpoint, Received
from api.upload import Uploads
from microkit import trace
from microkit.admission import Admission
from microkit.errors import Error, NotFound, ParamError, ServiceError, Unauthorized
from microkit.observe import observed
from microkit.rpc import metadata

SETTLE_SECONDS: Final = 2.0
"""Longer than the caches of accounts (api/facts.py) and the time between two polls for ended
sessions (api/sessions.py), with what it takes to answer them."""

_API_PREFIX: Final = "/douyin"
_REQUEST_ID_HEADER: Final = "X-Request-Id"
_UNMATCHED: Final = "unmatched"
PING: Final = ("/ping", "/ping/")
_EXPECTED: Final = (web.HTTPException, ConnectionError)
_STATUSES: Final = {TooLarge: 413, Compressed: 415, NoRoom: 503}
_ERRORS_BY_STATUS: Final = {404: NotFound("没有这个接口"), 405: ParamError("不支持这种请求方法")}


class Target(NamedTuple):
    """What a route serves: the endpoint of an IDL method, or None; and its path."""

    endpoint: Endpoint | None
    path: str


Link = Callable[[Target, Handler], Handler]
"""Wraps the handler of a route; returns it unchanged if the route does not concern the link."""


def chain(endpoints: Mapping[Handler, Endpoint], links: Sequence[Link]) -> Middleware:
    """Return a middleware that passes each request through all links, the outermost first.

    aiohttp calls each of its middlewares through a partial, for every request; five of them add
    6 us to a request that takes 40. Here the links are composed once per route.

    Args:
        endpoints: the endpoints of the IDL's methods by the handlers of their routes.
        links: another limit is one more.
    """
    composed: dict[Handler, Handler] = {}

    def compose(match: web.UrlMappingMatchInfo, handler: Handler) -> Handler:
        resource = match.route.resource
        path = _UNMATCHED if resource is None else resource.canonical
        target = Target(endpoints.get(match.handler), path)
        for link in reversed(links):
            handler = link(target, handler)
        return handler

    @web.middleware
    def run(request: web.Request, handler: Handler) -> Awaitable[web.StreamResponse]:
        through = composed.get(handler)
        if through is None:
            match = request.match_info
            through = compose(match, handler)
            if match.http_exception is None:  # otherwise the route exists for this request only
                composed[handler] = through
        return through(request)

    return run


def identity(*, traced: bool) -> Link:
    """Assign a request id, sent with log lines, RPCs and the response header.

    With `traced` it is the id of the request's trace too, unless the caller names a trace, and the
    response of a recorded request names its span. ``/ping`` has neither log lines nor RPCs, and no
    id.
    """
    new_id = metadata.new_trace_id if traced else metadata.new_request_id

    def wrap(target: Target, handler: Handler) -> Handler:
        if target.path in PING:
            return handler

        async def assign(request: web.Request) -> web.StreamResponse:
            request_id = new_id()
            metadata.persistent.set({metadata.REQUEST_ID: request_id})
            if traced and trace.HEADER in request.headers:
                trace.accept(request.headers)
            try:
                response = await handler(request)
            except web.HTTPException as error:
                error.headers[_REQUEST_ID_HEADER] = request_id
                raise
            if not response.prepared:  # a prepared response has sent its headers
                response.headers[_REQUEST_ID_HEADER] = request_id
                if traced and (traceparent := trace.recorded()):
                    response.headers[trace.HEADER] = traceparent
            return response

        return assign

    return wrap


def envelopes(target: Target, handler: Handler) -> Handler:
    """Convert errors to the JSON envelope, for IDL methods with every field of the response.

    ``/ping`` cannot fail.
    """
    endpoint = target.endpoint
    if target.path in PING:
        return handler

    async def convert_errors(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            if error.status < 400 or not request.path.startswith(_API_PREFIX):
                raise
            response = _failure(request, endpoint, _error_of(error), error.status)
            if "Allow" in error.headers:
                response.headers["Allow"] = error.headers["Allow"]
            return response
        except ConnectionError:  # the client left
            raise
        except Error as error:
            return _failure(request, endpoint, error, 500)
        except Exception:  # noqa: BLE001 - logged by the observation
            return _failure(request, endpoint, ServiceError(), 500)

    return convert_errors


def _failure(
    request: web.Request, endpoint: Endpoint | None, error: Error, status: int
) -> web.Response:
    error = spoken(error, request.headers)
    if endpoint is None:
        return envelope.response(envelope.bare_failure(error), status)
    status = next((code for kind, code in _STATUSES.items() if isinstance(error, kind)), 200)
    return envelope.response(envelope.failure(endpoint.method.response, error), status)


def _error_of(error: web.HTTPException) -> Error:
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return TooLarge("请求体过大")
    return _ERRORS_BY_STATUS.get(error.status) or ParamError(error.reason)


def observation(target: Target, handler: Handler) -> Handler:
    """Measure every request, labelled with its IDL method or else its route's path.

    ``/ping`` is excluded: load balancers poll it constantly. So are streams, which last for hours.
    """
    if target.path in PING or (target.endpoint and target.endpoint.streams):
        return handler
    name = target.path if target.endpoint is None else target.endpoint.method.name

    async def measure(request: web.Request) -> web.StreamResponse:
        with observed("http", "api", name, _EXPECTED):
            return await handler(request)

    return measure


def settling(target: Target, handler: Handler) -> Handler:
    """Answer changes of accounts when no process has an older state in a cache any more.

    It precedes the admission: who waits here occupies a connection, nothing else.
    """
    endpoint = target.endpoint
    if endpoint is None or not endpoint.settles:
        return handler

    async def settle(request: web.Request) -> web.StreamResponse:
        response = await handler(request)
        await asyncio.sleep(SETTLE_SECONDS)
        return response

    return settle


def reception(uploads: Uploads) -> Link:
    """Read a method's arguments, viewer and upload; with an invalid token no upload is read."""

    def wrap(target: Target, handler: Handler) -> Handler:
        endpoint = target.endpoint
        if endpoint is None:
            return handler
        expected = endpoint.upload

        async def receive(request: web.Request) -> web.StreamResponse:
            arguments = await binding.arguments(request)
            request[RECEIVED] = Received(arguments, endpoint.viewer(request, arguments))
            return await handler(request)

        if expected is None:
            return receive

        async def receive_upload(request: web.Request) -> web.StreamResponse:
            viewer = endpoint.early_viewer(request)
            async with uploads.receive(request, expected, viewer) as body:
                arguments = {**body.arguments, **request.query}
                viewer = endpoint.viewer(request, arguments)
                if viewer != body.user_id:
                    raise Unauthorized("请求中有两个不同用户的登录信息")
                request[RECEIVED] = Received(arguments, viewer, body)
                return await handler(request)

        return receive_upload

    return wrap


def admission(limit: int) -> Link:
    """Run up to `limit` method calls at once and refuse further ones.

    It follows the reception, so that a slowly sent body occupies no slot.
    """
    slots = Admission(limit, name="requests")

    def wrap(target: Target, handler: Handler) -> Handler:
        if target.endpoint is None or target.endpoint.streams:  # they have a limit of their own
            return handler

        async def admit(request: web.Request) -> web.StreamResponse:
            with slots:
                return await handler(request)

        return admit

    return wrap


def existence(accounts: Accounts) -> Link:
    """Refuse tokens of accounts that do not exist, for methods that require a login.

    Uploads check it before they receive the file.
    """

    def wrap(target: Target, handler: Handler) -> Handler:
        endpoint = target.endpoint
        if endpoint is None or not endpoint.requires_login or endpoint.upload:
            return handler

        async def check(request: web.Request) -> web.StreamResponse:
            viewer = request[RECEIVED].viewer
            if viewer:  # otherwise the endpoint refuses the request
                await accounts.must_exist(viewer)
            return await handler(request)

        return check

    return wrap
