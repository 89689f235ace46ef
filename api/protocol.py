"""HTTP connections: raw UTF-8 in request lines is accepted, malformed HTTP gets an envelope."""

import asyncio
import logging
import re
import socket
from collections import deque
from collections.abc import Coroutine
from typing import Any, Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import RequestHandler

from api import envelope
from api.connections import Connections, Limits
from api.language import spoken
from microkit.errors import ParamError, ServiceError, Unavailable
from microkit.listening import accept_pending

_log = logging.getLogger(__name__)
_UNSENT_IN_KERNEL: Final = 256 << 10
_NOT_ASCII: Final = re.compile(rb"[\x80-\xff]")
_BLANK_LINE: Final = b"\r\n\r\n"
_STOPPING: Final = "服务正在重启，请稍后再试"
_CLOSE_SECONDS: Final = 0.5
# Parsing so much takes up to 3 ms, if it is chunks of one byte.
_PIECE_BYTES: Final = 16 << 10


class Protocol(RequestHandler):
    """One client's connection."""

    __slots__ = (
        "_connections",
        "_in_request_line",
        "_interrupted",
        "_long_segments",
        "_running",
        "_unparsed",
        "header_since",
    )

    def __init__(
        self,
        server: web.Server,
        connections: Connections,
        long_segments: "LongSegments",
        **options: Any,
    ) -> None:
        super().__init__(server, **options)
        self._connections = connections
        self._long_segments = long_segments
        self._unparsed = b""
        self._in_request_line = True
        self._running: asyncio.Task[Any] | None = None
        self._interrupted = False
        self.header_since: float | None = self._loop.time()

    @property
    def idle_since(self) -> float | None:
        """The end of the last response, or the start of the connection; None while busy."""
        if self._waiter is None or self._messages:
            return None
        return self._next_keepalive_close_time - self._keepalive_timeout

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Register the connection."""
        super().connection_made(transport)
        self._connections.add(self)
        # Without this limit the kernel buffers megabytes for each client that does not read. Bytes
        # in flight (sent, not yet acknowledged) do not count, so fast clients are not slowed.
        sock = transport.get_extra_info("socket")
        if sock is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_IN_KERNEL)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Remove the connection and cancel its request."""
        self._unparsed = b""
        self._connections.remove(self)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Pause: the client reads too slowly."""
        super().pause_writing()
        self._connections.on_write_paused(self)

    def resume_writing(self) -> None:
        """Resume: the client has caught up."""
        self._connections.on_write_resumed(self)
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """Parse bytes at once, or a long segment in pieces when it is this connection's turn."""
        if len(data) <= _PIECE_BYTES and not (self._unparsed and data):
            self._parse(data)
        elif self._unparsed:
            self._unparsed += data
            self._pause_transport_reading()
        else:
            self._unparsed = data
            if self.parse_piece():
                self._pause_transport_reading()
                self._long_segments.add(self)

    def parse_piece(self) -> bool:
        """Parse the next piece of a long segment; return whether there is more of it."""
        size = max(_PIECE_BYTES, self._missing_body_bytes())
        piece, self._unparsed = self._unparsed[:size], self._unparsed[size:]
        if piece:
            self._parse(piece)
        if self._unparsed:
            return True
        if not self._reading_paused and not self._buffer_paused:
            self._resume_transport_reading()
        return False

    def _resume_transport_reading(self) -> None:
        if not self._unparsed:
            super()._resume_transport_reading()

    def _missing_body_bytes(self) -> int:
        """Return how many bytes belong to a body of known length, which needs no parsing."""
        if self._messages:
            message, body = self._messages[-1]
        elif self._current_request is not None:
            message = self._current_request._message  # noqa: SLF001 - aiohttp has no public name
            body = self._current_request.content
        else:
            return 0
        if not isinstance(message, RawRequestMessage) or message.chunked or body.is_eof():
            return 0
        return max(int(message.headers.get("Content-Length", 0)) - body.total_bytes, 0)

    def _parse(self, data: bytes) -> None:
        """Parse bytes; non-ASCII bytes in a request line (curl sends them) are percent-encoded.

        Only bytes that certainly belong to a request line are changed: those up to the first line
        feed of the connection, and those after a segment that held exactly one request without a
        body. Everywhere else the parser gets the bytes unchanged and refuses such a line.
        """
        if self._in_request_line:
            if not data.isascii():
                line, feed, rest = data.partition(b"\n")
                data = _NOT_ASCII.sub(_percent_encoded, line) + feed + rest
            self._in_request_line = b"\n" not in data
        waiting = bool(self._messages)
        super().data_received(data)
        if self._messages:
            self.header_since = None
            if not waiting and len(self._messages) == 1 and not self._upgraded:
                body = self._messages[0][1]
                self._in_request_line = body is EMPTY_PAYLOAD and data.endswith(_BLANK_LINE)
        elif self.header_since is None and self.idle_since is not None:
            self.header_since = self._loop.time()

    def interrupt(self) -> None:
        """Answer the request in progress with 503, if its response has not begun, and close."""
        if self._running is None:
            self.force_close()
        else:
            self._interrupted = True
            self._running.cancel()

    async def _handle_request(
        self, request: web.BaseRequest, start_time: float | None, request_handler: Any
    ) -> tuple[web.StreamResponse, bool]:
        task = self._running = asyncio.current_task(self._loop)  # given, it costs no system call
        try:
            return await super()._handle_request(request, start_time, request_handler)
        except asyncio.CancelledError:
            if not self._interrupted or task is None or request.writer.output_size > 0:
                raise
            task.uncancel()
            error = spoken(Unavailable(_STOPPING), request.headers)
            response = envelope.response(envelope.bare_failure(error), 503)
            return await self.finish_response(request, response, start_time)
        finally:
            self._running = None

    def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> Coroutine[Any, Any, tuple[web.StreamResponse, bool]]:
        """Send the response; while draining, the last one says that the connection closes."""
        if self._connections.draining and not self._messages:
            resp.force_close()
        return super().finish_response(request, resp, start_time)

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Log server errors, but not unreadable bodies, which are client errors."""
        if not isinstance(kw.get("exc_info"), web.RequestPayloadError):
            super().log_exception(*args, **kw)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - quotes the request, secrets included
    ) -> web.StreamResponse:
        """Return the envelope for an error outside of handlers; server errors are logged."""
        if isinstance(exc, ConnectionError):
            _log.debug("client disconnected: %s", exc)
        elif isinstance(exc, HttpProcessingError):
            _log.info("malformed HTTP request from %s: %s", request.remote, type(exc).__name__)
        else:
            _log.error("%s: unexpected error", request.path, exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("the response has been started already")
        error = ServiceError() if status >= 500 else ParamError("无法识别的 HTTP 请求")
        if isinstance(exc, LineTooLong):
            error = ParamError("请求地址或请求头过长")
        response = envelope.response(envelope.bare_failure(error), status)
        response.force_close()
        return response


class LongSegments:
    """The connections with a long segment: one piece of one is parsed per loop iteration.

    Chunked bodies cost the parser up to 200 ns a byte; so they delay other clients by one piece.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[Protocol] = deque()

    def add(self, connection: Protocol) -> None:
        """Parse the pieces of a connection in turn with others."""
        self._waiting.append(connection)
        if len(self._waiting) == 1:
            self._loop.call_soon(self._next)

    def _next(self) -> None:
        connection, more = self._waiting[0], False
        try:
            more = connection.parse_piece()
        except Exception:
            connection.force_close()  # as the event loop does, whose call this was before
            raise
        finally:
            self._waiting.popleft()
            if more:
                self._waiting.append(connection)
            if self._waiting:
                self._loop.call_soon(self._next)


def _percent_encoded(byte: re.Match[bytes]) -> bytes:
    return b"%%%02X" % byte[0][0]


class Runner(web.AppRunner):
    """Serves an application over `Protocol` with connection limits.

    At its end it answers what clients have sent, for up to `drain_seconds`.
    """

    def __init__(
        self,
        app: web.Application,
        limits: Limits | None = None,
        drain_seconds: float = 0.0,
        **options: Any,
    ) -> None:
        self._limits = limits or Limits()
        self._drain_seconds = drain_seconds
        super().__init__(
            app,
            keepalive_timeout=self._limits.keepalive_seconds,
            shutdown_timeout=_CLOSE_SECONDS,
            **options,
        )

    async def cleanup(self) -> None:
        """Stop listening, answer what clients have sent, and close everything."""
        if isinstance(self._server, _Server):
            for site in list(self._sites):
                await accept_pending(_sockets(site))
                await site.stop()
            await self._server.drain(self._drain_seconds)
        await super().cleanup()

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        connections = Connections(self._limits)
        return _Server(
            connections,
            server.request_handler,
            request_factory=server.request_factory,
            **self._kwargs,
        )


def _sockets(site: Any) -> list[Any]:
    server = site._server  # noqa: SLF001 - aiohttp has no public name for it
    return list(server.sockets) if server else []


class _Server(web.Server):
    def __init__(self, connections: Connections, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._limited_connections = connections
        self._long_segments = LongSegments(self._loop)

    def __call__(self) -> RequestHandler:
        # asyncio accepts any protocol; aiohttp's annotation is narrower.
        refusal: Any = self._limited_connections.refusal()
        return refusal or Protocol(
            self, self._limited_connections, self._long_segments, loop=self._loop, **self._kwargs
        )

    async def drain(self, seconds: float) -> None:
        """Answer what clients have sent."""
        await self._limited_connections.drain(seconds)

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - aiohttp's
        self._limited_connections.close()
        await super().shutdown(timeout)
