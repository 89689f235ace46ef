"""The RPC client: a deadline on every call, pooled connections, weighted round robin."""

import asyncio
import itertools
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from microkit.config import Settings
from microkit.discovery import Instance, Resolver
from microkit.errors import (
    DeadlineExceeded,
    Error,
    Retry,
    ServiceError,
    Unavailable,
    from_code,
)
from microkit.observe import observed
from microkit.rpc import metadata, status, ttheader
from microkit.rpc.codec import DecodeError, EncodeError
from microkit.rpc.contract import Contract, Method
from microkit.rpc.exception import ApplicationException
from microkit.rpc.load_balancer import LoadBalancer
from microkit.rpc.pool import Pool
from microkit.rpc.transport import CALL, EXCEPTION, REPLY, Message, Transport, encode
from microkit.rpc.ttheader import Header, HeaderError

_log = logging.getLogger(__name__)
_MAX_SEQID: Final = 2**31
_ATTEMPTS: Final = 2


class Client:
    """Calls one service: ``await client.GetUserMethod(id=1)`` returns the checked response struct.

    The arguments make the request struct. `caller` is the name that the peer is told.
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
        self._resolver = resolver
        self._caller = caller
        self._timeout = settings.rpc_timeout_ms / 1e3
        self._pool_size = settings.rpc_pool_size
        self._max_size = settings.rpc_max_message_mib * 2**20
        framed = settings.rpc_transport == "framed"
        self._transport = Transport.FRAMED if framed else Transport.TTHEADER_FRAMED
        self._pools: dict[Instance, Pool] = {}
        self._instances: Sequence[Instance] = ()
        self._balance = LoadBalancer()
        self._seqids = itertools.count(1)
        for method in contract.methods().values():
            setattr(self, method.name, BoundMethod(self, method))

    def __getattr__(self, name: str) -> "BoundMethod":
        raise AttributeError(f"{self.service} has no method {name}")

    async def check(self) -> None:
        """Find out whether an instance can be reached.

        Raises:
            Unavailable: none can.
        """
        deadline = asyncio.get_running_loop().time() + self._timeout
        instances = await self._known(deadline)
        for _ in instances:
            pool = self._pool(instances)
            try:
                connection = pool.take() or await pool.acquire(deadline)
            except Unavailable:
                self._balance.unreachable(pool.instance)
            else:
                pool.release(connection)
                return
        raise Unavailable(retry=Retry.NEVER_HANDLED)

    async def close(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            pool.close()
        await asyncio.sleep(0)

    async def send(self, method: Method, body: bytes, seconds: float | None = None) -> Message:
        """Send the encoded arguments of `method` and return the reply to it, within `seconds`.

        A call that certainly nobody handled is made again: on every other instance, or once more
        where there is only one.

        Raises:
            UnknownMethod, ServiceError: the peer answered with an exception.
            Error: the peer answered with a business error.
            Unavailable: no answer; its `retry` says whether the call may have been handled.
        """
        deadline = asyncio.get_running_loop().time() + (seconds or self._timeout)
        instances = self._resolver.known(self.service) or await self._known(deadline)
        if instances is not self._instances:
            self._forget(instances)
        tried: list[Instance] = []
        while True:
            pool = self._pool(_untried(instances, tried))
            tried.append(pool.instance)
            try:
                answer = await self._attempt(pool, method, body, deadline)
            except Unavailable as error:
                attempts = max(len(instances), _ATTEMPTS)
                if not _may_be_repeated(error) or len(tried) >= attempts:
                    raise
            else:
                return self._checked(method, answer)

    def _checked(self, method: Method, answer: Message) -> Message:
        """Return a reply; raise the error that an exception or a business status stands for."""
        if answer.kind == EXCEPTION:
            exception = ApplicationException.decode(answer.body, answer.start)
            _log.warning(
                "%s.%s: exception %d: %s", self.service, answer.name, exception.type, exception.text
            )
            if status.is_not_found(exception.text):
                raise status.not_found(method.response)
            raise exception.error()
        if answer.header is not None and (failed := _business_error(answer.header)):
            raise failed
        return answer

    async def _attempt(self, pool: Pool, method: Method, body: bytes, deadline: float) -> Message:
        try:
            connection = pool.take() or await pool.acquire(deadline)
        except Unavailable as error:
            if not isinstance(error, DeadlineExceeded):  # else it only was not its turn
                self._balance.unreachable(pool.instance)
            raise
        answered = False
        try:
            seqid = next(self._seqids) % _MAX_SEQID
            request = self._encode(method, seqid, body, deadline)
            answer = await connection.send(request, deadline)
            answered = (
                answer.name == method.name
                and answer.seqid == seqid
                and answer.kind in (REPLY, EXCEPTION)
            )
        except Unavailable:
            self._balance.silent(pool.instance)
            raise
        finally:
            # No answer, or a wrong one: what comes later must not be read by the next call.
            # Old Kitex servers close after an exception, without saying so.
            if answered and answer.kind != EXCEPTION and not _closes(answer):
                pool.release(connection)
            else:
                connection.close()
        if not answered:
            _log.warning("%s.%s: the reply is to another call", self.service, method.name)
            raise Unavailable
        self._balance.answered(pool.instance)
        return answer

    def _encode(self, method: Method, seqid: int, body: bytes, deadline: float) -> bytes:
        header = None
        if self._transport is not Transport.FRAMED:
            left = deadline - asyncio.get_running_loop().time()
            integers = {
                ttheader.FROM_SERVICE: self._caller,
                ttheader.TO_SERVICE: self.service,
                ttheader.TO_METHOD: method.name,
                ttheader.MESSAGE_TYPE: str(CALL),
                ttheader.RPC_TIMEOUT: str(max(1, int(left * 1e3))),
            }
            header = Header(seqid, integers, metadata.persistent.get())
        try:
            return encode(self._transport, CALL, method.name.encode(), seqid, body, header)
        except HeaderError as error:
            _log.error("%s.%s: %s", self.service, method.name, error)
            raise ServiceError from error

    async def _known(self, deadline: float) -> Sequence[Instance]:
        """Return the instances when the resolver has to find out first."""
        try:
            async with asyncio.timeout_at(deadline):
                return await self._resolver.resolve(self.service)
        except TimeoutError:
            raise DeadlineExceeded(retry=Retry.NEVER_HANDLED) from None

    def _pool(self, instances: Sequence[Instance]) -> Pool:
        """Return the pool of the instance whose turn it is."""
        instance = self._balance.pick(instances)
        if instance is None:
            _log.warning("%s has no instance", self.service)
            raise Unavailable(retry=Retry.NEVER_HANDLED)
        pool = self._pools.get(instance)
        if pool is None:
            pool = Pool(self.service, instance, self._pool_size, self._max_size)
            self._pools[instance] = pool
        return pool

    def _forget(self, instances: Sequence[Instance]) -> None:
        """Close the pools of instances that are no more."""
        self._instances = instances
        for gone in self._pools.keys() - set(instances):
            self._balance.forget(gone)
            self._pools.pop(gone).close()


class BoundMethod:
    """One method of a client."""

    __slots__ = ("_client", "_method")

    def __init__(self, client: Client, method: Method) -> None:
        self._client = client
        self._method = method

    async def __call__(self, timeout: float | None = None, **arguments: Any) -> Any:  # noqa: ASYNC109
        """Call the method with the fields of its request struct, answered within `timeout` seconds.

        Raises:
            Error: what the answer says went wrong, or Unavailable if there is none.
        """
        with observed("rpc_client", self._client.service, self._method.name):
            try:
                message = await self._client.send(self._method, self._encoded(arguments), timeout)
                answer = self._decoded(message)
                status.check(answer)
            except Error as error:
                error.peer = f"{self._client.service}.{self._method.name}"
                raise
            return answer

    def _encoded(self, arguments: Mapping[str, Any]) -> bytes:
        method = self._method
        try:
            request = method.request(**arguments)
            return method.arguments.encode(method.arguments.struct(value=request))
        except EncodeError as error:
            _log.error("%s.%s: %s", self._client.service, method.name, error)
            raise ServiceError from error

    def _decoded(self, message: Message) -> Any:
        method = self._method
        try:
            result, _ = method.result.decode(message.body, message.start)
        except DecodeError as error:
            _log.error(
                "%s.%s: cannot decode the reply: %s", self._client.service, method.name, error
            )
            raise ServiceError from error
        return result.value


def _untried(instances: Sequence[Instance], tried: Sequence[Instance]) -> Sequence[Instance]:
    """Return the instances that were not tried yet, all of them when every one was."""
    if not tried:
        return instances
    return [each for each in instances if each not in tried] or instances


def _may_be_repeated(error: Unavailable) -> bool:
    """Is a call that failed so certain not to have been handled, with time left for another try?"""
    return error.retry is Retry.NEVER_HANDLED and not isinstance(error, DeadlineExceeded)


def _closes(answer: Message) -> bool:
    return bool(answer.header and answer.header.texts.get(ttheader.CONNECTION_CLOSES) == "1")


def _business_error(header: Header) -> Error | None:
    """Read the error that a Kitex handler returned beside an empty answer, if it did."""
    code = header.texts.get(ttheader.BUSINESS_STATUS, "0")
    if code == "0" or not code.removeprefix("-").isdecimal():
        return None
    return from_code(int(code), header.texts.get(ttheader.BUSINESS_MESSAGE))
