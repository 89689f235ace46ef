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
MULTIPLEXED: Final = "multiplexed"
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
_PREFIX_SIZE: Final = 2
_PADDINGS: Final = (b"", b"\0", b"\0\0", b"\0\0\0")
_CACHED_SIZE: Final = 256
_PADDING, _TEXT_INFO, _INTEGER_INFO, _ACL_INFO = 0x00, 0x01, 0x10, 0x11


class HeaderError(Exception):
    """The header is not a valid TTHeader; the connection must be closed."""


class Header(msgspec.Struct, frozen=True, gc=False):
    """The metadata of one message.

    `any_order`: the caller accepts replies in any order, because it multiplexes calls. Our servers
    say in their replies to such calls that they do so too, with the text MULTIPLEXED.
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
    infos = integer_infos(*header.integers.items()) + text_infos(header.texts)
    return prepend(infos, header.seqid, payload, any_order=header.any_order)


def prepend(infos: bytes, seqid: int, payload: bytes, *, any_order: bool) -> bytes:
    """Return a header with encoded infos, and the payload, as one message.

    Raises:
        HeaderError: the infos exceed the size of a header.
    """
    padding = -(len(infos) + _PREFIX_SIZE) % 4
    size = _PREFIX_SIZE + len(infos) + padding
    if size >= MAX_SIZE:
        raise HeaderError(f"metadata of {size} bytes: at most {MAX_SIZE - 1} are allowed")
    fixed = _FIXED.pack(
        _FIXED.size - 4 + size + len(payload),
        MAGIC,
        _ANY_ORDER if any_order else 0,
        seqid & 0xFFFFFFFF,
        size // 4,
    )
    # The two zeros: protocol id, number of transforms.
    return b"%b\0\0%b%b%b" % (fixed, infos, _PADDINGS[padding], payload)


@functools.lru_cache(maxsize=4096)  # few distinct ones: services, methods, milliseconds
def integer_infos(*infos: tuple[int, str]) -> bytes:
    """Encode infos with integer keys."""
    if not infos:
        return b""
    values = [_U16.pack(number) + _text(value) for number, value in infos]
    return b"\x10" + _U16.pack(len(infos)) + b"".join(values)


def text_infos(texts: Mapping[str, str]) -> bytes:
    """Encode infos with text keys.

    Raises:
        HeaderError: a text or their number is too large.
    """
    if not texts:
        return b""
    if len(texts) >= MAX_SIZE:
        raise HeaderError(f"{len(texts)} metadata: at most {MAX_SIZE - 1} are allowed")
    values = [_name(name) + _text(value) for name, value in texts.items()]
    return b"\x01" + _U16.pack(len(texts)) + b"".join(values)


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
    try:
        integers, texts, at = _read_infos(message, end)
    except IndexError:
        at = len(message) + 1
    # Overlong infos were read from the payload at worst; they are rejected here.
    if at > end:
        raise HeaderError("an info exceeds the header")
    return Header(seqid, integers, texts, bool(flags & _ANY_ORDER)), end


def _read_infos(message: bytes, end: int) -> tuple[Mapping[int, str], Mapping[str, str], int]:
    """Decode the infos up to `end`; return them and the offset after the last one."""
    at = FIXED_SIZE + _PREFIX_SIZE
    integers: Mapping[int, str] = {}
    texts: dict[str, str] = {}
    while at < end:
        kind, at = message[at], at + 1
        if kind == _INTEGER_INFO:
            # Our own messages end with these infos, and few distinct ones are sent.
            read = _read_integers if end - at <= _CACHED_SIZE else _read_integers.__wrapped__
            found, size = read(message[at:end])
            integers, at = {**integers, **found} if integers else found, at + size
        elif kind == _TEXT_INFO:
            at = _read_texts(message, at, texts)
        elif kind == _ACL_INFO:
            at += 2 + (message[at] << 8 | message[at + 1])
        elif kind != _PADDING:
            raise HeaderError(f"unknown info 0x{kind:02x}")
    return integers, texts, at


@functools.lru_cache(maxsize=1024)
def _read_integers(data: bytes) -> tuple[Mapping[int, str], int]:
    """Decode the infos with integer keys at the start of `data`; return them and their size."""
    into: dict[int, str] = {}
    count, at = data[0] << 8 | data[1], 2
    for _ in range(count):
        number, start = data[at] << 8 | data[at + 1], at + 4
        at = start + (data[at + 2] << 8 | data[at + 3])
        into[number] = data[start:at].decode(errors="replace")
    return into, at


def _read_texts(data: bytes, at: int, into: dict[str, str]) -> int:
    count, at = data[at] << 8 | data[at + 1], at + 2
    for _ in range(count):
        start = at + 2
        at = start + (data[at] << 8 | data[at + 1])
        name, start = data[start:at].decode(errors="replace"), at + 2
        at = start + (data[at] << 8 | data[at + 1])
        into[name] = data[start:at].decode(errors="replace")
    return at


@functools.lru_cache(maxsize=256)
def _name(name: str) -> bytes:
    return _text(name)


def _text(value: str) -> bytes:
    encoded = value.encode()
    if len(encoded) >= MAX_SIZE:
        raise HeaderError(f"metadata of {len(encoded)} bytes: at most {MAX_SIZE - 1} are allowed")
    return _U16.pack(len(encoded)) + encoded
