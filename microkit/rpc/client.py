"""The RPC client: deadlines, connection pools, load balancing and safe retries."""

import asyncio
import functools
import itertools
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from microkit.config import Settings
from microkit.discovery import Instance, Resolver
from microkit.errors import (
    DeadlineExceeded,
    Error,
    Overloaded,
    Retry,
    ServiceError,
    Unavailable,
    from_code,
)
from microkit.observe import observed
from microkit.rpc import metadata, status, ttheader
from microkit.rpc.codec import DecodeError, EncodeError
from microkit.rpc.connection import ClientConnection
from microkit.rpc.contract import Contract, Method
from microkit.rpc.exception import DEADLINE, OVERLOADED, ApplicationException
from microkit.rpc.instance_pools import InstancePools
from microkit.rpc.pool import Pool
from microkit.rpc.transport import CALL, EXCEPTION, REPLY, Message, Transport, envelope, frame
from microkit.rpc.ttheader import Header, HeaderError

_log = logging.getLogger(__name__)
_MAX_SEQID: Final = 2**31
_ATTEMPTS: Final = 2


class Client:
    """Calls one service: ``await client.GetUserMethod(id=1)`` returns the checked response struct.

    The keyword arguments are the fields of the request struct. `caller` is the name of the calling
    service, sent in TTHeader.
    """

    def __init__(
        self,
        service: str,
        contract: Contract[Any, Any],
        resolver: Resolver,
        settings: Settings,
        caller: str,
    ) -> None:
        self.service = service
        self._pools = InstancePools(service, resolver, settings)
        self._caller = caller
        self._timeout = settings.rpc_timeout_ms / 1e3
        self.max_elements = settings.rpc_max_elements
        self._framed = settings.rpc_transport == "framed"
        self._seqids = itertools.count(1)
        for method in contract.methods().values():
            setattr(self, method.name, BoundMethod(self, method))

    def __getattr__(self, name: str) -> "BoundMethod":
        raise AttributeError(f"{self.service} has no method {name}")

    async def check(self) -> None:
        """Check that one instance accepts a connection.

        Raises:
            Unavailable: no instance does.
        """
        await self._pools.check(asyncio.get_running_loop().time() + self._timeout)

    async def close(self) -> None:
        """Close all connections."""
        await self._pools.close()

    async def send(
        self,
        method: Method,
        body: bytes,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> Message:
        """Send the encoded arguments of `method` and return its reply.

        A call that was certainly not handled is retried: once on every other instance, or once on
        the same instance if there is only one.

        Args:
            method: the method to call.
            body: the encoded arguments.
            timeout: seconds until DeadlineExceeded; None is the `rpc_timeout_ms` of the settings.

        Raises:
            UnknownMethod, ServiceError: the reply is an exception.
            Error: the reply carries a business error.
            Unavailable: there is no reply; `retry` says whether the call may have been handled.
        """
        deadline = asyncio.get_running_loop().time() + (timeout or self._timeout)
        instances = self._pools.cached() or await self._pools.instances(deadline)
        tried: list[Instance] = []
        while True:
            pool = self._pools.pick(_untried(instances, tried))
            tried.append(pool.instance)
            try:
                reply = await self._attempt(pool, method, body, deadline)
            except Unavailable as error:
                attempts = max(len(instances), _ATTEMPTS)
                if not _may_retry(error) or len(tried) >= attempts:
                    raise
            else:
                return self._checked(method, reply)

    def _checked(self, method: Method, reply: Message) -> Message:
        """Return the reply, or raise the error of its exception or business status."""
        if reply.kind == EXCEPTION:
            exception = _exception(reply)
            _log.warning(
                "%s.%s: exception %d: %s", self.service, reply.name, exception.type, exception.text
            )
            if status.is_not_found(exception.text):
                raise status.not_found(method.response)
            raise exception.error()
        if reply.header is not None and (error := _business_error(reply.header)):
            raise error
        return reply

    async def _attempt(self, pool: Pool, method: Method, body: bytes, deadline: float) -> Message:
        try:
            connection = pool.acquire_now() or await pool.acquire(deadline)
        except Unavailable as error:
            if not isinstance(error, DeadlineExceeded):  # which means that the pool was full
                self._pools.balancer.record_connect_error(pool.instance)
            raise
        seqid = next(self._seqids) % _MAX_SEQID
        try:
            values = metadata.persistent.get()
            if not connection.multiplexed:  # the peer may be no service of ours
                values = metadata.explicit(values)
            seconds = deadline - connection.loop.time()
            request = self._encode(method, seqid, body, values, seconds)
            reply = await connection.send(request, seqid, deadline)
        except Unavailable:
            self._pools.balancer.record_no_reply(pool.instance)
            connection.abandon(seqid)
            connection.retire()
            raise
        except BaseException:  # the caller was cancelled
            connection.abandon(seqid)
            raise
        else:
            if _ends_connection(connection, reply, method, seqid):
                connection.retire()
        finally:
            pool.release(connection)
        return self._recorded(pool, reply, method, seqid)

    def _recorded(self, pool: Pool, reply: Message, method: Method, seqid: int) -> Message:
        """Tell the load balancer about the reply, and return it or raise."""
        if not _matches(reply, method, seqid):
            _log.warning("%s.%s: the reply is to another call", self.service, method.name)
            raise Unavailable
        exception = _exception(reply) if reply.kind == EXCEPTION else None
        if exception == OVERLOADED:
            self._pools.balancer.record_connect_error(pool.instance)
            raise Overloaded
        if exception == DEADLINE:
            self._pools.balancer.record_no_reply(pool.instance)  # the server's timeout came first
        else:
            self._pools.balancer.record_reply(pool.instance)
        return reply

    def _encode(
        self, method: Method, seqid: int, body: bytes, values: Mapping[str, str], seconds: float
    ) -> bytes:
        message = frame(Transport.FRAMED, envelope(CALL, method.wire_name), seqid, body)
        if self._framed:
            return message
        try:
            # Few distinct infos at the end: our servers decode those once.
            infos = ttheader.text_infos(values) + _call_infos(
                self._caller, self.service, method.name, max(1, int(seconds * 1e3))
            )
            return ttheader.prepend(infos, seqid, message, any_order=True)
        except HeaderError as error:
            _log.error("%s.%s: cannot encode the header: %s", self.service, method.name, error)
            raise ServiceError from error


@functools.lru_cache(maxsize=4096)
def _call_infos(caller: str, service: str, method: str, timeout_ms: int) -> bytes:
    return ttheader.integer_infos(
        (ttheader.FROM_SERVICE, caller),
        (ttheader.TO_SERVICE, service),
        (ttheader.TO_METHOD, method),
        (ttheader.MESSAGE_TYPE, str(CALL)),
        (ttheader.RPC_TIMEOUT, str(timeout_ms)),
    )


class BoundMethod:
    """One method of a client."""

    __slots__ = ("_client", "_method")

    def __init__(self, client: Client, method: Method) -> None:
        self._client = client
        self._method = method

    async def __call__(self, timeout: float | None = None, **arguments: Any) -> Any:  # noqa: ASYNC109
        """Call the method with the fields of its request struct; `timeout` is in seconds.

        Raises:
            Error: the error in the response, or Unavailable without a reply.
        """
        with observed("rpc_client", self._client.service, self._method.name):
            try:
                message = await self._client.send(self._method, self._encoded(arguments), timeout)
                response = self._decoded(message)
                status.check(response)
            except Error as error:
                error.peer = f"{self._client.service}.{self._method.name}"
                raise
            return response

    def _encoded(self, arguments: Mapping[str, Any]) -> bytes:
        method = self._method
        try:
            request = method.request(**arguments)
            return method.arguments.encode(method.arguments.struct(value=request))
        except EncodeError as error:
            _log.error(
                "%s.%s: cannot encode the request: %s", self._client.service, method.name, error
            )
            raise ServiceError from error

    def _decoded(self, message: Message) -> Any:
        method = self._method
        try:
            limit = self._client.max_elements
            result, _ = method.result.decode(message.body, message.start, limit)
        except DecodeError as error:
            _log.error(
                "%s.%s: cannot decode the reply: %s", self._client.service, method.name, error
            )
            raise ServiceError from error
        return result.value


def _untried(instances: Sequence[Instance], tried: Sequence[Instance]) -> Sequence[Instance]:
    """Return the instances that were not tried yet, or all if every one was tried."""
    if not tried:
        return instances
    return [each for each in instances if each not in tried] or instances


def _may_retry(error: Unavailable) -> bool:
    """Return whether the call was certainly not handled and has time left for another attempt."""
    return error.retry is Retry.NEVER_HANDLED and not isinstance(error, DeadlineExceeded)


def _matches(reply: Message, method: Method, seqid: int) -> bool:
    """Return whether a message is the reply to a call."""
    return reply.seqid == seqid and reply.name == method.name and reply.kind in (REPLY, EXCEPTION)


def _ends_connection(
    connection: ClientConnection, reply: Message, method: Method, seqid: int
) -> bool:
    """Return whether no further call may be made on the connection after this reply.

    Old Kitex servers close after an exception without announcing it.
    """
    if not _matches(reply, method, seqid) or _closes(reply):
        return True
    return reply.kind == EXCEPTION and not connection.multiplexed


def _exception(reply: Message) -> ApplicationException:
    return ApplicationException.decode(reply.body, reply.start)


def _closes(reply: Message) -> bool:
    """Return whether the server announces that it closes the connection after this reply."""
    return bool(reply.header and reply.header.texts.get(ttheader.CONNECTION_CLOSES) == "1")


def _business_error(header: Header) -> Error | None:
    """Return the business error in a Kitex reply's header, None if there is none."""
    code = header.texts.get(ttheader.BUSINESS_STATUS, "0")
    if code == "0" or not code.removeprefix("-").isdecimal():
        return None
    return from_code(int(code), header.texts.get(ttheader.BUSINESS_MESSAGE))
