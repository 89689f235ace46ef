"""HTTP on the wire: what clients send that is not quite HTTP, and how they are told."""

import logging
import re
from typing import Any, Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong
from aiohttp.web_protocol import RequestHandler

from api import envelope
from microkit.errors import ParamError, ServiceError

_log = logging.getLogger(__name__)
_REQUEST_LINE: Final = re.compile(rb"(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) /[^\r\n]*")
_NOT_ASCII: Final = re.compile(rb"[\x80-\xff]")


class Protocol(RequestHandler):
    """One client's connection."""

    __slots__ = ()

    def data_received(self, data: bytes) -> None:
        """Read on; a URL that was typed as it is meant (curl does that) is encoded first."""
        # Between requests only: a body stays as it is.
        if not data.isascii() and self._current_request is None and not self._messages:
            line = _REQUEST_LINE.match(data)
            if line is not None and not line[0].isascii():
                encoded = _NOT_ASCII.sub(lambda byte: b"%%%02X" % byte[0][0], line[0])
                data = encoded + data[line.end() :]
        super().data_received(data)

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Log our faults; a body that cannot be read is the client's."""
        if not isinstance(kw.get("exc_info"), web.RequestPayloadError):
            super().log_exception(*args, **kw)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it quotes what was sent, secrets too
    ) -> web.StreamResponse:
        """Answer what no handler could, in the envelope; a trace is logged for our faults only."""
        if isinstance(exc, ConnectionError):
            _log.debug("a client left: %s", exc)
        elif isinstance(exc, HttpProcessingError):
            _log.info("what is no HTTP from %s: %s", request.remote, type(exc).__name__)
        else:
            _log.error("%s failed", request.path, exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("the answer was on its way already")
        error = ServiceError() if status >= 500 else ParamError("无法识别的 HTTP 请求")
        if isinstance(exc, LineTooLong):
            error = ParamError("请求地址或请求头过长")
        response = envelope.response(envelope.bare_failure(error), status)
        response.force_close()
        return response


class Runner(web.AppRunner):
    """Serves an application with the protocol above."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(made.request_handler, request_factory=made.request_factory, **self._kwargs)


class _Server(web.Server):
    def __call__(self) -> Protocol:
        return Protocol(self, loop=self._loop, **self._kwargs)
