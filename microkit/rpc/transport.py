"""Thrift messages to bytes and back, in four transports; no I/O.

The first 8 bytes of a message identify its transport (the protocol is always strict TBinary):

    bytes  0 1 2 3   4 5    6 7
           length    10 00  flags      TTHeader, its payload framed or not
           80 01 0 t name's length     unframed
           length    80 01  0 t        framed
"""

import enum
import functools
import struct
import sys
from collections.abc import Generator, Iterator
from typing import Final

import msgspec

from microkit.rpc import http2, ttheader
from microkit.rpc.scan import ProtocolError, scan_struct
from microkit.rpc.ttheader import Header, HeaderError

CALL, REPLY, EXCEPTION, ONEWAY = 1, 2, 3, 4
# Ours: the caller of the call with this seqid is gone. Only for servers that announced MULTIPLEXED.
CANCEL: Final = 5

_VERSION: Final = b"\x80\x01"
_MAGIC: Final = b"\x10\x00"
_U32 = struct.Struct(">I")
_I32 = struct.Struct(">i")
_HEAD: Final = 8
_CHECKED_SIZE: Final = 64 * 1024
MAX_NAME: Final = 256


class Transport(enum.Enum):
    """How a message is framed; a reply uses the transport of its request."""

    UNFRAMED = "unframed"
    FRAMED = "framed"
    TTHEADER = "ttheader"
    TTHEADER_FRAMED = "ttheader framed"


class Message(msgspec.Struct, frozen=True, gc=False):
    """One message; the struct of arguments or result begins at `start` of `body`."""

    transport: Transport
    kind: int
    name: str
    seqid: int
    body: bytes
    start: int
    header: Header | None = None


def encode(
    transport: Transport,
    kind: int,
    name: bytes,
    seqid: int,
    body: bytes,
    header: Header | None = None,
) -> bytes:
    """Return the bytes of a whole message.

    Raises:
        HeaderError: the header's metadata exceed the size of a header.
    """
    payload = frame(transport, envelope(kind, name), seqid, body)
    if transport in (Transport.UNFRAMED, Transport.FRAMED):
        return payload
    return ttheader.encode(header or Header(seqid), payload)


@functools.lru_cache(maxsize=1024)
def envelope(kind: int, name: bytes) -> bytes:
    """Return the first bytes of a TBinary message: kind and method name."""
    return b"\x80\x01\x00%c%b%b" % (kind, _U32.pack(len(name)), name)


def frame(transport: Transport, start: bytes, seqid: int, body: bytes) -> bytes:
    """Return a message without its TTHeader; `start` is its envelope."""
    if transport is Transport.UNFRAMED or transport is Transport.TTHEADER:
        return start + _U32.pack(seqid & 0xFFFFFFFF) + body
    size = len(start) + 4 + len(body)
    return b"%b%b%b%b" % (_U32.pack(size), start, _U32.pack(seqid & 0xFFFFFFFF), body)


Bytes = bytes | bytearray | memoryview


class Reader:
    """Assembles messages of at most `max_size` bytes from any fragmentation.

    An unframed message with more than `max_elements` is refused before it has arrived, because its
    end is found by a scan.
    """

    __slots__ = ("_buffer", "_max_elements", "_max_size", "_need", "_scan", "size")

    def __init__(self, max_size: int, max_elements: int = sys.maxsize) -> None:
        self._buffer = bytearray()
        self._max_size = max_size
        self._max_elements = max_elements
        self._need = _HEAD
        self.size = 0  # bytes that arrived and belong to no message yet
        # Set while an unframed message arrives: only a scan of its values finds its end. It yields
        # the size it needs next, receives a buffer of at least that size, and returns the end.
        self._scan: Generator[int, Bytes, int] | None = None

    @property
    def partial(self) -> bool:
        """Whether a message has arrived in part."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> Iterator[Message]:
        """Yield the messages that `data` completes. Each is parsed when it is asked for.

        Raises:
            ProtocolError: the bytes are not a Thrift message in one of the four transports.
        """
        buffer: bytes | bytearray = data
        if self._buffer:
            self._buffer += data
            buffer = self._buffer
        at, arrived = 0, memoryview(buffer)  # a view: to cut many messages off copies nothing
        while len(arrived) >= self._need:
            self._need = self._end(arrived)
            if len(arrived) < self._need:
                break
            if self._scan is None:
                message = bytes(arrived[: self._need])
                at += self._need
                arrived = arrived[self._need :]
                self._need = _HEAD
                self.size = len(arrived)
                yield _parse(message)
        self.size = len(arrived)
        if at or buffer is data:
            self._buffer = bytearray(arrived)
        arrived.release()  # a buffer with a view cannot grow

    def _end(self, data: Bytes) -> int:
        """Return the size of the message; while `_scan` is set, the size needed to scan on."""
        if self._scan is not None:
            return self._resume_scan(data)
        if data[4:6] == _MAGIC or data[4:6] == _VERSION:
            return self._bounded(4 + _U32.unpack_from(data)[0])
        if data[:2] == _VERSION:
            self._scan = _scan(data, self._max_elements)
            return self._resume_scan(None)
        if data[:_HEAD] == http2.PREFACE[:_HEAD]:
            raise ProtocolError("HTTP/2 (a gRPC client): only Thrift is served", http2.REFUSAL)
        raise ProtocolError(f"no Thrift message: starts with {bytes(data[:8]).hex(' ')}")

    def _resume_scan(self, data: Bytes | None) -> int:
        assert self._scan is not None  # noqa: S101 - for mypy: the callers ensure it
        try:
            # None starts the generator; later it receives the longer buffer.
            return self._bounded(self._scan.send(data))  # type: ignore[arg-type]
        except StopIteration as end:
            self._scan = None
            return self._bounded(end.value)

    def _bounded(self, size: int) -> int:
        if size > self._max_size:
            raise ProtocolError(f"message of {size} bytes: at most {self._max_size} are allowed")
        return size


def _parse(data: bytes) -> Message:
    """Decode the header and envelope of one whole message."""
    header, at = None, 0
    transport = Transport.UNFRAMED
    if data[4:6] == _MAGIC:
        try:
            header, at = ttheader.decode(data)
        except (HeaderError, struct.error) as error:
            raise ProtocolError(f"bad TTHeader: {error}") from error
        transport = Transport.TTHEADER
    if data[at : at + 2] != _VERSION:
        at += 4
        transport = Transport.TTHEADER_FRAMED if header else Transport.FRAMED
        if len(data) < at or _U32.unpack_from(data, at - 4)[0] != len(data) - at:
            raise ProtocolError("the frame's length is not that of its message")
    if data[at : at + 2] != _VERSION or len(data) < at + 12:
        raise ProtocolError("no strict TBinary message inside")
    length = _I32.unpack_from(data, at + 4)[0]
    end = at + 8 + length
    if not 0 <= length <= MAX_NAME or len(data) < end + 4:
        raise ProtocolError(f"method name of {length} bytes: at most {MAX_NAME} are allowed")
    name = data[at + 8 : end].decode(errors="surrogateescape")  # replies echo the same bytes
    return Message(
        transport, data[at + 3], name, _I32.unpack_from(data, end)[0], data, end + 4, header
    )


def _scan(data: Bytes, max_elements: int) -> Generator[int, Bytes, int]:
    """Find the end of an unframed message; see `scan_struct`."""
    length: int = _I32.unpack_from(data, 4)[0]
    if not 0 <= length <= MAX_NAME:
        raise ProtocolError(f"method name of {length} bytes: at most {MAX_NAME} are allowed")
    return (yield from scan_struct(data, 8 + length + 4, max_elements))


def check_elements(message: Message, limit: int) -> None:
    """Check that a large message has at most `limit` elements, before it is decoded.

    Small messages cannot have many; unframed ones are checked while they arrive.

    Raises:
        ProtocolError: it has more, or is not a struct.
    """
    if len(message.body) > _CHECKED_SIZE and message.transport is not Transport.UNFRAMED:
        next(scan_struct(message.body, message.start, limit), None)
