"""The RPC client: a deadline on every call, pooled connections, weighted round robin."""

import asyncio
import itertools
import logging
import struct
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from microkit.config import Settings
from microkit.discovery import Instance, Resolver
from microkit.errors import (
    DeadlineExceeded,
    Error,
    Retry,
    ServiceError,
    Unavailable,
    UnknownMethod,
    from_code,
)
from microkit.metrics import Meter, meter
from microkit.rpc import metadata, status, ttheader
from microkit.rpc.contract import Contract, DecodeError, EncodeError, Method
from microkit.rpc.pool import Pool
from microkit.rpc.server import DEADLINE, UNKNOWN_METHOD
from microkit.rpc.transport import CALL, EXCEPTION, Message, Transport, encode
from microkit.rpc.ttheader import Header

_log = logging.getLogger(__name__)
_MAX_SEQID: Final = 2**31


class Client:
    """Calls one service: ``await client.GetUserMethod(id=1)`` returns the checked response struct.

    The arguments make the request struct. `caller` is the name that the peer is told.
    """

    def __init__(
        self, service: str, contract: Contract, resolver: Resolver, settings: Settings, caller: str
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
        self._balance = Balance()
        self._seqids = itertools.count(1)
        for method in contract.methods().values():
            setattr(self, method.name, Call(self, method))

    def __getattr__(self, name: str) -> "Call":
        raise AttributeError(f"{self.service} has no method {name}")

    async def check(self) -> None:
        """Find out whether an instance can be reached.

        Raises:
            Unavailable: none can.
        """
        deadline = asyncio.get_running_loop().time() + self._timeout
        pool = await self._pool(None)
        pool.release(await pool.acquire(deadline))

    async def close(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            pool.close()
        await asyncio.sleep(0)

    async def send(self, method: Method, body: bytes, seconds: float | None = None) -> Message:
        """Send the encoded arguments of `method` and return the answer, within `seconds`.

        A call that certainly nobody handled is made once more, on another instance if there is one.

        Raises:
            Unavailable: no answer; its `retry` says whether the call may have been handled.
        """
        deadline = asyncio.get_running_loop().time() + (seconds or self._timeout)
        pool = await self._pool(None)
        try:
            return await self._attempt(pool, method, body, deadline)
        except Unavailable as error:
            # Who waited until the deadline has no time left for another.
            if error.retry is not Retry.NEVER_HANDLED or isinstance(error, DeadlineExceeded):
                raise
        other = await self._pool(pool.instance)
        return await self._attempt(other, method, body, deadline)

    async def answered(self, method: Method, body: bytes, seconds: float | None = None) -> Message:
        """Send as `send` does, and return the answer only if it is a reply.

        Raises:
            UnknownMethod, ServiceError: the peer answered with an exception.
        Error: the peer answered with a business error.
            Unavailable: as `send`.
        """
        message = await self.send(method, body, seconds)
        if message.kind == EXCEPTION:
            raise _application_error(self.service, message)
        if message.header is not None and (error := _business_error(message.header)):
            raise error
        return message

    async def _attempt(self, pool: Pool, method: Method, body: bytes, deadline: float) -> Message:
        connection = await pool.acquire(deadline)
        answered = False
        try:
            seqid = next(self._seqids) % _MAX_SEQID
            request = self._encode(method, seqid, body, deadline)
            answer = await connection.send(request, deadline)
            answered = _fits(answer, method.name, seqid)
        finally:
            # No answer, or a wrong one: what comes later must not be read by the next call.
            # Old Kitex servers close after an exception, without saying so.
            if answered and answer.kind != EXCEPTION and not _closes(answer):
                pool.release(connection)
            else:
                connection.close()
        if not answered:
            raise Unavailable(f"{self.service} answered another call than {method.name}")
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
        return encode(self._transport, CALL, method.name.encode(), seqid, body, header)

    async def _pool(self, avoided: Instance | None) -> Pool:
        instances = await self._resolver.resolve(self.service)
        if instances is not self._instances:
            self._instances = instances
            for gone in self._pools.keys() - set(instances):
                self._pools.pop(gone).close()
        if avoided is not None:
            instances = [i for i in instances if i != avoided] or instances
        instance = self._balance.pick(instances)
        if instance is None:
            raise Unavailable(f"{self.service} has no instance", Retry.NEVER_HANDLED)
        pool = self._pools.get(instance)
        if pool is None:
            pool = Pool(self.service, instance, self._pool_size, self._max_size)
            self._pools[instance] = pool
        return pool


class Call:
    """One method of a client."""

    __slots__ = ("_client", "_meter", "_method")

    def __init__(self, client: Client, method: Method) -> None:
        self._client = client
        self._method = method
        self._meter: Meter = meter("rpc_client", client.service, method.name)

    async def __call__(self, _seconds: float | None = None, **arguments: Any) -> Any:
        """Call the method with the fields of its request struct, answered within `_seconds`.

        Raises:
            Error: what the answer says went wrong, or Unavailable if there is none.
        """
        started = time.perf_counter()
        try:
            answer = await self._answer(arguments, _seconds)
        except BaseException as error:
            self._meter.observe(started, error)
            raise
        self._meter.observe(started)
        return answer

    async def _answer(self, arguments: Mapping[str, Any], seconds: float | None) -> Any:
        method = self._method
        try:
            request = method.request(**arguments)
            body = method.arguments.encode(method.arguments.struct(value=request))
        except EncodeError as error:
            _log.error("%s.%s: %s", self._client.service, method.name, error)
            raise ServiceError from error
        message = await self._client.answered(method, body, seconds)
        try:
            result, _ = method.result.decode(message.body, message.start)
        except DecodeError as error:
            _log.error(
                "%s.%s answered what is no answer: %s", self._client.service, method.name, error
            )
            raise ServiceError from error
        status.check(result.value)
        return result.value


class Balance:
    """Smooth weighted round robin, as nginx does it: heavy instances often, never in bursts."""

    def __init__(self) -> None:
        self._current: dict[Instance, int] = {}

    def pick(self, instances: Sequence[Instance]) -> Instance | None:
        """Return the next instance, None if there is none."""
        if len(instances) < 2:
            return instances[0] if instances else None
        current = {i: self._current.get(i, 0) + max(i.weight, 1) for i in instances}
        chosen = max(instances, key=lambda i: current[i])
        current[chosen] -= sum(max(i.weight, 1) for i in instances)
        self._current = current
        return chosen


def _fits(answer: Message, name: str, seqid: int) -> bool:
    return answer.name == name and answer.seqid == seqid


def _closes(answer: Message) -> bool:
    return bool(answer.header and answer.header.texts.get(ttheader.CONNECTION_CLOSES) == "1")


def _business_error(header: Header) -> Error | None:
    """Read the error that a Kitex handler returned beside an empty answer, if it did."""
    code = header.texts.get(ttheader.BUSINESS_STATUS, "0")
    if code == "0" or not code.removeprefix("-").isdecimal():
        return None
    return from_code(int(code), header.texts.get(ttheader.BUSINESS_MESSAGE))


def _application_error(service: str, message: Message) -> Error:
    """Read a TApplicationException: field 1 is its text, field 2 its type."""
    text, code = "", 0
    data, at = message.body, message.start
    with suppress(struct.error):  # one that is cut off says what it says up to there
        while at < len(data) and data[at]:
            kind, at = data[at], at + 3
            if kind == 11:
                (length,) = struct.unpack_from(">I", data, at)
                text, at = data[at + 4 : at + 4 + length].decode(errors="replace"), at + 4 + length
            elif kind == 8:
                (code,), at = struct.unpack_from(">i", data, at), at + 4
            else:
                break
    _log.warning("%s.%s: exception %d: %s", service, message.name, code, text)
    if code == UNKNOWN_METHOD:
        return UnknownMethod()
    return DeadlineExceeded() if text == DEADLINE else ServiceError()
