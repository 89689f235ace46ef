"""The middlewares of the API: one purpose each; `api/app.py` lists them in their order.

Every request passes all of them. Those that concern the methods of the IDL find the one that a
request is for in `endpoints`, by the handler that the router resolved, and let the rest pass.
"""

from collections.abc import Awaitable, Mapping
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from api import binding, envelope
from api.form import TooLarge
from api.routes import ARRIVED, Arrived, Endpoint
from api.upload import Uploads
from microkit.admission import Admission
from microkit.errors import Error, NotFound, ParamError, ServiceError
from microkit.observe import observed
from microkit.rpc import metadata

Endpoints = Mapping[Handler, Endpoint]

_API: Final = "/douyin"
_HEADER: Final = "X-Request-Id"
_UNMATCHED: Final = "unmatched"
_UNOBSERVED: Final = ("/ping", "/ping/")
_EXPECTED: Final = (web.HTTPException, ConnectionError)
_BY_STATUS: Final = {404: NotFound("没有这个接口"), 405: ParamError("不支持这种请求方法")}


@web.middleware
async def request_id(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id: log lines and RPCs carry it, and the response says it."""
    made = metadata.new_request_id()
    metadata.persistent.set({metadata.REQUEST_ID: made})
    try:
        response = await handler(request)
    except web.HTTPException as answer:
        answer.headers[_HEADER] = made
        raise
    if not response.prepared:  # else its headers are sent
        response.headers[_HEADER] = made
    return response


def envelopes(endpoints: Endpoints) -> Middleware:
    """Answer errors in the envelope; a method's has every field of its response."""

    def failed(request: web.Request, error: Error, status: int) -> web.Response:
        endpoint = endpoints.get(request.match_info.handler)
        if endpoint is None:
            return envelope.response(envelope.bare_failure(error), status)
        status = 413 if isinstance(error, TooLarge) else 200
        return envelope.response(envelope.failure(endpoint.method.response, error), status)

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            if error.status < 400 or not request.path.startswith(_API):
                raise
            response = failed(request, _error_of(error), error.status)
            if "Allow" in error.headers:
                response.headers["Allow"] = error.headers["Allow"]
            return response
        except ConnectionError:  # the client left
            raise
        except Error as error:
            return failed(request, error, 500)
        except Exception:  # noqa: BLE001 - a fault, logged by the observation
            return failed(request, ServiceError(), 500)

    return answer


def _error_of(error: web.HTTPException) -> Error:
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return TooLarge("请求体过大")
    return _BY_STATUS.get(error.status) or ParamError(error.reason)


def observation(endpoints: Endpoints) -> Middleware:
    """Observe every request, by its method in the IDL or else by the path of its route.

    Not ``/ping``: what load balancers ask all the time answers without a measurement.
    """

    @web.middleware
    def observe(request: web.Request, handler: Handler) -> Awaitable[web.StreamResponse]:
        endpoint = endpoints.get(request.match_info.handler)
        if endpoint is not None:
            return observing(request, handler, endpoint.method.name)
        path = _path(request)
        return handler(request) if path in _UNOBSERVED else observing(request, handler, path)

    async def observing(request: web.Request, handler: Handler, name: str) -> web.StreamResponse:
        with observed("http", "api", name, _EXPECTED):
            return await handler(request)

    return observe


def _path(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return _UNMATCHED if resource is None else resource.canonical


def reception(endpoints: Endpoints, uploads: Uploads) -> Middleware:
    """Wait for a method's arguments and upload; what a refused caller uploads is not read."""

    @web.middleware
    def receive(request: web.Request, handler: Handler) -> Awaitable[web.StreamResponse]:
        endpoint = endpoints.get(request.match_info.handler)
        if endpoint is None:
            return handler(request)
        if endpoint.takes_upload:
            return upload(request, handler, endpoint)
        return arguments(request, handler)

    async def arguments(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[ARRIVED] = Arrived(await binding.arguments(request))
        return await handler(request)

    async def upload(
        request: web.Request, handler: Handler, endpoint: Endpoint
    ) -> web.StreamResponse:
        viewer = endpoint.early_viewer(request)
        async with uploads.receive(request, viewer) as received:
            request[ARRIVED] = Arrived({**received.arguments, **request.query}, received)
            return await handler(request)

    return receive


def admission(endpoints: Endpoints, limit: int) -> Middleware:
    """Admit up to `limit` calls of methods at once and refuse the others.

    It stands behind the reception: who sends a body slowly takes no place.
    """
    places = Admission(limit)

    @web.middleware
    def admit(request: web.Request, handler: Handler) -> Awaitable[web.StreamResponse]:
        if request.match_info.handler not in endpoints:
            return handler(request)
        return admitted(request, handler)

    async def admitted(request: web.Request, handler: Handler) -> web.StreamResponse:
        with places:
            return await handler(request)

    return admit
