"""TTHeader: the metadata in front of a message, compatible with Kitex.

 0 u32 length of the rest                12 u16 size from byte 14 to the payload, in 4-byte words
 4 u16 magic 0x1000                      14 u8  protocol id (0: binary)
 6 u16 flags                             15 u8  number of transforms (0)
 8 u32 seqid                             16     infos, padded with zeros to a multiple of 4

infos: 0x00 padding
       0x01 u16 n, n x (u16 length, key, u16 length, value)     text keys
       0x10 u16 n, n x (u16 key, u16 length, value)             integer keys
       0x11 u16 length, ACL token                               skipped
"""

import functools
import struct
from collections.abc import Mapping
from typing import Final

import msgspec

MAGIC: Final = 0x1000
FIXED_SIZE: Final = 14
MAX_SIZE: Final = 64 * 1024

FROM_SERVICE, TO_SERVICE, TO_METHOD, RPC_TIMEOUT, MESSAGE_TYPE = 3, 6, 9, 12, 22
CONNECTION_CLOSES: Final = "crrst"
BUSINESS_STATUS, BUSINESS_MESSAGE = "biz-status", "biz-message"
PERSISTENT: Final = "RPC_PERSIST_"
# W3C's trace context, as Kitex's OpenTelemetry provider sends it: values for the next hop only.
TRACEPARENT: Final = "RPC_TRANSIT_traceparent"
TRACESTATE: Final = "RPC_TRANSIT_tracestate"
_TRACE: Final = {key.upper(): key for key in (TRACEPARENT, TRACESTATE)}

_U16 = struct.Struct(">H")
_FIXED = struct.Struct(">IHHIH")
_ANY_ORDER: Final = 0x0001
_STREAM: Final = 0x0002
_PADDING, _TEXT_INFO, _INTEGER_INFO, _ACL_INFO = 0x00, 0x01, 0x10, 0x11


class HeaderError(Exception):
    """The header is not a valid TTHeader; the connection must be closed."""


class Header(msgspec.Struct, frozen=True, gc=False):
    """The metadata of one message.

    `any_order`: the caller accepts replies in any order, because it multiplexes calls.
    """

    seqid: int = 0
    integers: Mapping[int, str] = {}
    texts: Mapping[str, str] = {}
    any_order: bool = False

    def persistent(self) -> dict[str, str]:
        """Return the values that are forwarded along the chain of calls, keys as on the wire.

        The trace context is one of them: a process that records no spans passes it on. Its keys may
        be in any case, as Kitex reads them.
        """
        values = {}
        for key, value in self.texts.items():
            if key.startswith(PERSISTENT):
                values[key] = value
            elif (known := _TRACE.get(key.upper())) is not None:
                values[known] = value
        return values


def encode(header: Header, payload: bytes) -> bytes:
    """Return header and payload as one message.

    Raises:
        HeaderError: the metadata exceed the size of a header.
    """
    try:
        infos = _infos(header)
    except struct.error as error:  # a length exceeds 16 bits
        raise HeaderError(f"metadata too large: at most {MAX_SIZE - 1} bytes") from error
    if len(infos) >= MAX_SIZE:
        raise HeaderError(f"metadata of {len(infos)} bytes: at most {MAX_SIZE - 1} are allowed")
    length = _FIXED.size - 4 + len(infos) + len(payload)
    return (
        _FIXED.pack(length, MAGIC, 0, header.seqid & 0xFFFFFFFF, len(infos) // 4) + infos + payload
    )


def _infos(header: Header) -> bytearray:
    infos = bytearray(b"\x00\x00")  # protocol id, number of transforms
    if header.integers:
        infos += b"\x10" + _U16.pack(len(header.integers))
        for number, value in header.integers.items():
            infos += _integer(number, value)
    if header.texts:
        infos += b"\x01" + _U16.pack(len(header.texts))
        for name, value in header.texts.items():
            infos += _name(name) + _text(value)
    infos += b"\x00" * (-len(infos) % 4)
    return infos


def decode(message: bytes) -> tuple[Header, int]:
    """Return the header of a whole message, and the offset of the payload.

    Raises:
        HeaderError: the header is not a valid TTHeader.
    """
    _, _, flags, seqid, words = _FIXED.unpack_from(message)
    if flags & _STREAM:
        raise HeaderError("a stream: only calls are served")
    end = FIXED_SIZE + words * 4
    if end > len(message) or not 1 <= words <= MAX_SIZE // 4:
        raise HeaderError(f"header of {words * 4} bytes in a message of {len(message)}")
    if message[14] != 0 or message[15] != 0:
        raise HeaderError(f"protocol {message[14]} with {message[15]} transforms, want 0 and 0")
    integers: dict[int, str] = {}
    texts: dict[str, str] = {}
    try:
        at = _read_infos(message, end, integers, texts)
    except IndexError:
        at = len(message) + 1
    # Overlong infos were read from the payload at worst; they are rejected here.
    if at > end:
        raise HeaderError("an info exceeds the header")
    return Header(seqid, integers, texts, bool(flags & _ANY_ORDER)), end


def _read_infos(message: bytes, end: int, integers: dict[int, str], texts: dict[str, str]) -> int:
    """Decode the infos up to `end` and return the offset after the last one."""
    at = FIXED_SIZE + 2
    while at < end:
        kind, at = message[at], at + 1
        if kind == _INTEGER_INFO:
            at = _read_integers(message, at, integers)
        elif kind == _TEXT_INFO:
            at = _read_texts(message, at, texts)
        elif kind == _ACL_INFO:
            at += 2 + (message[at] << 8 | message[at + 1])
        elif kind != _PADDING:
            raise HeaderError(f"unknown info 0x{kind:02x}")
    return at


def _read_integers(data: bytes, at: int, into: dict[int, str]) -> int:
    count, at = data[at] << 8 | data[at + 1], at + 2
    for _ in range(count):
        number, start = data[at] << 8 | data[at + 1], at + 4
        at = start + (data[at + 2] << 8 | data[at + 3])
        into[number] = data[start:at].decode(errors="replace")
    return at


def _read_texts(data: bytes, at: int, into: dict[str, str]) -> int:
    count, at = data[at] << 8 | data[at + 1], at + 2
    for _ in range(count):
        start = at + 2
        at = start + (data[at] << 8 | data[at + 1])
        name, start = data[start:at].decode(errors="replace"), at + 2
        at = start + (data[at] << 8 | data[at + 1])
        into[name] = data[start:at].decode(errors="replace")
    return at


@functools.lru_cache(maxsize=4096)  # few distinct values: services, methods, milliseconds
def _integer(number: int, value: str) -> bytes:
    return _U16.pack(number) + _text(value)


@functools.lru_cache(maxsize=256)
def _name(name: str) -> bytes:
    return _text(name)


def _text(value: str) -> bytes:
    encoded = value.encode()
    return _U16.pack(len(encoded)) + encoded
