"""The link of the HTTP chain that describes the span of a request; part of it if tracing is on."""

from collections.abc import Awaitable

from aiohttp import web
from aiohttp.typedefs import Handler

from api.middleware import Target
from microkit import trace
from microkit.errors import Error


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
