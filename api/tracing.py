"""The links of the HTTP chain that trace a request; `api/app.py` adds them if tracing is on."""

from collections.abc import Awaitable
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from api.middleware import PING, Target
from microkit import trace
from microkit.errors import Error
from microkit.rpc import metadata
from microkit.rpc.ttheader import TRACEPARENT

_HEADER: Final = "traceparent"


def trace_context(target: Target, handler: Handler) -> Handler:
    """Continue the trace that the caller names; the response of a recorded request names its span.

    It precedes the observation, which starts the span.
    """
    if target.path in PING:
        return handler

    async def propagate(request: web.Request) -> web.StreamResponse:
        if _HEADER in request.headers:
            trace.accept(request.headers)
        response = await handler(request)
        traceparent = metadata.persistent.get().get(TRACEPARENT, "")
        if traceparent.endswith("-01") and not response.prepared:
            response.headers[_HEADER] = traceparent
        return response

    return propagate


def span_details(target: Target, handler: Handler) -> Handler:
    """Name the span of a recorded request after its route, and note method, path and status."""

    def describe(request: web.Request) -> Awaitable[web.StreamResponse]:
        span = trace.current.get()
        return handler(request) if span is None else described(request, span)

    async def described(request: web.Request, span: trace.Span) -> web.StreamResponse:
        span.update_name(f"{request.method} {target.path}")
        span.set_attribute("http.request.method", request.method)
        span.set_attribute("http.route", target.path)
        span.set_attribute("url.path", request.path)
        try:
            response = await handler(request)
        except Error as error:  # its number is in the envelope; the HTTP status is 200
            span.set_attribute("app.status_code", error.code)
            raise
        except web.HTTPException as error:
            span.set_attribute("http.response.status_code", error.status)
            raise
        span.set_attribute("http.response.status_code", response.status)
        return response

    return describe
