"""The API's middlewares, one purpose each; `api/app.py` lists them in order.

Every request passes through all of them. Middlewares for IDL methods look up the endpoint in
`endpoints` by the handler that the router resolved, and pass other requests on unchanged.
"""

from collections.abc import Awaitable, Mapping
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from api import binding, envelope
from api.form import TooLarge
from api.routes import RECEIVED, Endpoint, Received
from api.upload import Uploads
from microkit.admission import Admission
from microkit.errors import Error, NotFound, ParamError, ServiceError
from microkit.observe import observed
from microkit.rpc import metadata

Endpoints = Mapping[Handler, Endpoint]

_API_PREFIX: Final = "/douyin"
_REQUEST_ID_HEADER: Final = "X-Request-Id"
_UNMATCHED: Final = "unmatched"
_UNOBSERVED: Final = ("/ping", "/ping/")
_EXPECTED: Final = (web.HTTPException, ConnectionError)
_ERRORS_BY_STATUS: Final = {404: NotFound("没有这个接口"), 405: ParamError("不支持这种请求方法")}


@web.middleware
async def request_id(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Assign a request id, sent with log lines, RPCs and the response header."""
    new_id = metadata.new_request_id()
    metadata.persistent.set({metadata.REQUEST_ID: new_id})
    try:
        response = await handler(request)
    except web.HTTPException as error:
        error.headers[_REQUEST_ID_HEADER] = new_id
        raise
    if not response.prepared:  # a prepared response has sent its headers
        response.headers[_REQUEST_ID_HEADER] = new_id
    return response


def envelopes(endpoints: Endpoints) -> Middleware:
    """Convert errors to the JSON envelope, for IDL methods with every field of the response."""

    def failed(request: web.Request, error: Error, status: int) -> web.Response:
        endpoint = endpoints.get(request.match_info.handler)
        if endpoint is None:
            return envelope.response(envelope.bare_failure(error), status)
        status = 413 if isinstance(error, TooLarge) else 200
        return envelope.response(envelope.failure(endpoint.method.response, error), status)

    @web.middleware
    async def convert_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            if error.status < 400 or not request.path.startswith(_API_PREFIX):
                raise
            response = failed(request, _error_of(error), error.status)
            if "Allow" in error.headers:
                response.headers["Allow"] = error.headers["Allow"]
            return response
        except ConnectionError:  # the client left
            raise
        except Error as error:
            return failed(request, error, 500)
        except Exception:  # noqa: BLE001 - logged by the observation
            return failed(request, ServiceError(), 500)

    return convert_errors


def _error_of(error: web.HTTPException) -> Error:
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return TooLarge("请求体过大")
    return _ERRORS_BY_STATUS.get(error.status) or ParamError(error.reason)


def observation(endpoints: Endpoints) -> Middleware:
    """Measure every request, labelled with its IDL method or else its route's path.

    ``/ping`` is excluded: load balancers poll it constantly.
    """

    @web.middleware
    def observe(request: web.Request, handler: Handler) -> Awaitable[web.StreamResponse]:
        endpoint = endpoints.get(request.match_info.handler)
        if endpoint is not None:
            return measured(request, handler, endpoint.method.name)
        path = _path(request)
        return handler(request) if path in _UNOBSERVED else measured(request, handler, path)

    async def measured(request: web.Request, handler: Handler, name: str) -> web.StreamResponse:
        with observed("http", "api", name, _EXPECTED):
            return await handler(request)

    return observe


def _path(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return _UNMATCHED if resource is None else resource.canonical


def reception(endpoints: Endpoints, uploads: Uploads) -> Middleware:
    """Read a method's arguments and upload; an upload with an invalid token is not read."""

    @web.middleware
    def receive(request: web.Request, handler: Handler) -> Awaitable[web.StreamResponse]:
        endpoint = endpoints.get(request.match_info.handler)
        if endpoint is None:
            return handler(request)
        if endpoint.takes_upload:
            return upload(request, handler, endpoint)
        return arguments(request, handler)

    async def arguments(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[RECEIVED] = Received(await binding.arguments(request))
        return await handler(request)

    async def upload(
        request: web.Request, handler: Handler, endpoint: Endpoint
    ) -> web.StreamResponse:
        viewer = endpoint.early_viewer(request)
        async with uploads.receive(request, viewer) as body:
            request[RECEIVED] = Received({**body.arguments, **request.query}, body)
            return await handler(request)

    return receive


def admission(endpoints: Endpoints, limit: int) -> Middleware:
    """Run up to `limit` method calls at once and refuse further ones.

    It follows the reception, so that a slowly sent body occupies no slot.
    """
    slots = Admission(limit)

    @web.middleware
    def admit(request: web.Request, handler: Handler) -> Awaitable[web.StreamResponse]:
        if request.match_info.handler not in endpoints:
            return handler(request)
        return admitted(request, handler)

    async def admitted(request: web.Request, handler: Handler) -> web.StreamResponse:
        with slots:
            return await handler(request)

    return admit
