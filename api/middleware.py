"""What surrounds every call: a request id, the count, and errors turned into the envelope."""

import logging
import time
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from api import envelope
from api.form import TooLarge
from api.routes import Endpoint
from microkit.errors import Error, NotFound, ParamError, ServiceError
from microkit.rpc import metadata

_log = logging.getLogger(__name__)
_API: Final = "/douyin"
_TELLS: Final = {404: NotFound("没有这个接口"), 405: ParamError("不支持这种请求方法")}


@web.middleware
async def surround(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The one middleware."""
    endpoint = getattr(request.match_info.handler, "__self__", None)
    if isinstance(endpoint, Endpoint):
        return await _call(request, endpoint)
    return await _other(request, handler)


async def _call(request: web.Request, endpoint: Endpoint) -> web.Response:
    request_id = metadata.new_request_id()
    metadata.persistent.set({metadata.REQUEST_ID: request_id})
    started = time.perf_counter()
    error: Error | None = None
    try:
        response = await endpoint.handle(request)
    except Error as raised:
        error = raised
        response = _failed(endpoint, raised)
    except web.HTTPRequestEntityTooLarge:
        error = TooLarge("请求体过大")
        response = _failed(endpoint, error)
    except ConnectionError as gone:
        error = ServiceError(f"the client left: {gone}")
        raise
    except Exception:  # noqa: BLE001 - whatever a handler raises is answered
        _log.exception("%s failed", request.path)
        error = ServiceError()
        response = _failed(endpoint, error)
    finally:
        seconds = endpoint.meter.observe(started, error)
        if _log.isEnabledFor(logging.DEBUG):
            ended = "ok" if error is None else repr(error)
            _log.debug("%s %s: %s in %.1f ms", request.method, request.path, ended, seconds * 1e3)
    response.headers["X-Request-Id"] = request_id
    return response


def _failed(endpoint: Endpoint, error: Error) -> web.Response:
    status = 413 if isinstance(error, TooLarge) else 200
    return envelope.response(envelope.failure(endpoint.response, error), status)


async def _other(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as answer:
        if not request.path.startswith(_API) or answer.status < 400:
            raise
        error = _TELLS.get(answer.status) or ParamError(answer.reason)
        response = envelope.response(envelope.bare_failure(error), answer.status)
        if "Allow" in answer.headers:
            response.headers["Allow"] = answer.headers["Allow"]
        return response
