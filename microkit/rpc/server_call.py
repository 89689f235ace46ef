"""One call on a server: from its message to the reply."""

import asyncio
import enum
import functools
import logging
from typing import TYPE_CHECKING, Final

import msgspec

from microkit import errors
from microkit.observe import observed
from microkit.rpc import metadata, status, ttheader
from microkit.rpc.codec import DecodeError, EncodeError
from microkit.rpc.contract import Method
from microkit.rpc.exception import (
    DEADLINE,
    INTERNAL,
    PROTOCOL_ERROR,
    UNKNOWN_METHOD,
    ApplicationException,
)
from microkit.rpc.scan import ProtocolError
from microkit.rpc.transport import (
    CALL,
    EXCEPTION,
    ONEWAY,
    REPLY,
    Message,
    check_elements,
    envelope,
    frame,
)
from microkit.rpc.ttheader import Header

if TYPE_CHECKING:
    from microkit.rpc.server import ServerConnection

_log = logging.getLogger(__name__)
_DECODE_ERRORS: Final = (DecodeError, ProtocolError)


class MethodHandler:
    """One method of a contract and the coroutine that handles it."""

    __slots__ = ("call", "method", "service", "wire_name")

    def __init__(self, service: str, method: Method, handler: object) -> None:
        self.call = method.checked(handler)
        self.method = method
        self.service = service
        self.wire_name = method.name.encode()


class Cancelled(enum.Enum):
    """Why a call was cancelled."""

    DEADLINE = "its deadline passed"
    CALLER_GONE = "the caller closed the connection"
    STOPPED = "the server stopped"


class ServerCall:
    """Runs one message in a task and sends the reply, if the connection is still open."""

    __slots__ = ("_cancelled", "_connection", "_server", "_started", "message", "task")

    def __init__(self, connection: "ServerConnection", message: Message) -> None:
        self.message = message
        self.task: asyncio.Task[None] = None  # type: ignore[assignment] # until `start`
        self._connection = connection
        self._server = connection.server
        self._started = False
        self._cancelled: Cancelled | None = None

    def start(self) -> None:
        """Run the call."""
        # Not eagerly (Python 3.12): replies are written at the end of the loop's iteration, so that
        # a call that ran at once would not see that its caller does not read.
        self.task = self._connection.loop.create_task(self._serve())

    def cancel(self, reason: Cancelled) -> None:
        """Cancel the call once: a second cancellation would interrupt the handler's cleanup."""
        if self._cancelled is None:
            self._cancelled = reason
            self.task.cancel()
            if not self._started:  # nothing of the coroutine will run
                self._connection.ended(self)

    async def _serve(self) -> None:
        self._started = True
        handler = self._server.methods.get(self.message.name)
        try:
            if self.message.kind not in (CALL, ONEWAY):
                text = f"message type {self.message.kind}: want a call"
                self._refuse(ApplicationException(PROTOCOL_ERROR, text))
            elif handler is None:
                text = f"unknown method {self.message.name}"
                self._refuse(ApplicationException(UNKNOWN_METHOD, text))
            else:
                await self._call(handler)
        except Exception as error:  # noqa: BLE001 - a bug: the caller learns that there is no reply
            _log.error("%s: serving a call failed", self._server.name, exc_info=error)
            self._connection.abort()
        finally:
            self._connection.ended(self)

    async def _call(self, handler: MethodHandler) -> None:
        """Run the handler and write its reply; every failure becomes a reply here."""
        message, method = self.message, handler.method
        deadline = self._connection.loop.time() + self._timeout()
        self._server.deadlines.add(self, deadline)
        _set_metadata(message.header)  # first: the observers read it
        with observed("rpc_server", handler.service, method.name, _DECODE_ERRORS) as call:
            try:
                limit = self._server.limits.elements
                check_elements(message, limit)
                request, _ = method.arguments.decode(message.body, message.start, limit)
                response = await handler.call(request.value)
                self._reply(handler.wire_name, self._encoded(method, response))
            except errors.Error as error:
                call.error = error
                response = status.failure(method.response, error)
                self._reply(handler.wire_name, self._encoded(method, response))
            except _DECODE_ERRORS as error:
                call.error = error
                self._refuse(ApplicationException(PROTOCOL_ERROR, str(error)))
            except asyncio.CancelledError as error:
                # `cancel` recorded the reason. Only after a deadline, or if the handler cancelled
                # itself, is the connection open and a reply expected.
                call.error = error
                if self._cancelled is Cancelled.DEADLINE:
                    call.error = errors.DeadlineExceeded()
                    self._refuse(DEADLINE)
                elif self._cancelled is None:
                    self._refuse(INTERNAL)
            except Exception as error:  # noqa: BLE001 - a bug in the handler gets a reply too
                call.error = error
                self._refuse(INTERNAL)
            finally:
                self._server.deadlines.discard(self)

    def _encoded(self, method: Method, response: msgspec.Struct) -> bytes:
        body = method.result.encode(method.result.struct(value=response))
        if len(body) > self._server.limits.message_size:
            raise EncodeError(f"{method.name}: reply of {len(body)} bytes")
        return body

    def _timeout(self) -> float:
        """Return the call's time limit in seconds: the caller's, at most the server's."""
        limit, header = self._server.limits.timeout, self.message.header
        text = header.integers.get(ttheader.RPC_TIMEOUT, "") if header else ""
        seconds = int(text) / 1e3 if text.isdecimal() and len(text) < 10 else 0
        return min(seconds or limit, limit)  # 0: the caller set no limit

    def _reply(self, name: bytes, body: bytes, kind: int = REPLY) -> None:
        message = self.message
        if message.kind == ONEWAY or self._connection.closing:
            return
        reply = frame(message.transport, envelope(kind, name), message.seqid, body)
        if message.header is not None:
            infos = _reply_infos(kind, self._server.draining, message.header.any_order)
            reply = ttheader.prepend(infos, message.seqid, reply, any_order=False)
        self._connection.reply(reply)

    def _refuse(self, exception: ApplicationException) -> None:
        name = self.message.name.encode(errors="surrogateescape")
        self._reply(name, exception.encode(), EXCEPTION)


@functools.cache
def _reply_infos(kind: int, closes: bool, multiplexed: bool) -> bytes:
    texts = {ttheader.CONNECTION_CLOSES: "1"} if closes else {}
    if multiplexed:
        texts[ttheader.MULTIPLEXED] = "1"
    return ttheader.integer_infos((ttheader.MESSAGE_TYPE, str(kind))) + ttheader.text_infos(texts)


def _set_metadata(header: Header | None) -> None:
    """Set the call's persistent values from the header; add a request id if there is none."""
    values = header.persistent() if header else {}
    if metadata.REQUEST_ID not in values:
        values[metadata.REQUEST_ID] = metadata.new_request_id()
    metadata.persistent.set(values)
