"""TTHeader: the metadata in front of a message, as Kitex writes and reads them.

 0 u32 length of all that follows        12 u16 size of what follows byte 14, in 4-byte words
 4 u16 magic 0x1000                      14 u8  protocol id (0: binary)
 6 u16 flags                             15 u8  number of transforms (0)
 8 u32 seqid                             16     infos, padded with zeros to a multiple of 4

infos: 0x00 padding
       0x01 u16 n, n x (u16 length, key, u16 length, value)     text keys
       0x10 u16 n, n x (u16 key, u16 length, value)             integer keys
       0x11 u16 length, ACL token                               skipped
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

MAGIC: Final = 0x1000
FIXED_SIZE: Final = 14
MAX_SIZE: Final = 64 * 1024

FROM_SERVICE, TO_SERVICE, TO_METHOD, RPC_TIMEOUT, MESSAGE_TYPE = 3, 6, 9, 12, 22
TRANSPORT_TYPE, FROM_METHOD = 1, 20
CONNECTION_CLOSES: Final = "crrst"
BUSINESS_STATUS, BUSINESS_MESSAGE = "biz-status", "biz-message"
PERSISTENT: Final = "RPC_PERSIST_"

_U16 = struct.Struct(">H")
_FIXED = struct.Struct(">IHHIH")
_PADDING, _TEXT_INFO, _INTEGER_INFO, _ACL_INFO = 0x00, 0x01, 0x10, 0x11


class HeaderError(Exception):
    """A header that is no TTHeader; the connection cannot be read any further."""


@dataclass(frozen=True, slots=True)
class Header:
    """The metadata of one message."""

    seqid: int = 0
    integers: Mapping[int, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    def persistent(self) -> dict[str, str]:
        """Return the values that travel along the whole chain of calls, keys as on the wire."""
        return {k: v for k, v in self.texts.items() if k.startswith(PERSISTENT)}


def encode(header: Header, payload: bytes) -> bytes:
    """Return header and payload as one message.

    Raises:
        HeaderError: the metadata are larger than a header may be.
    """
    try:
        infos = _infos(header)
    except struct.error as error:  # one length alone is more than 16 bits hold
        raise HeaderError(f"metadata of more than the at most {MAX_SIZE - 1} bytes") from error
    if len(infos) >= MAX_SIZE:
        raise HeaderError(f"metadata of {len(infos)} bytes, at most {MAX_SIZE - 1} are allowed")
    length = _FIXED.size - 4 + len(infos) + len(payload)
    return (
        _FIXED.pack(length, MAGIC, 0, header.seqid & 0xFFFFFFFF, len(infos) // 4) + infos + payload
    )


def _infos(header: Header) -> bytearray:
    infos = bytearray(b"\x00\x00")  # protocol id, number of transforms
    if header.integers:
        infos += b"\x10" + _U16.pack(len(header.integers))
        for number, value in header.integers.items():
            infos += _U16.pack(number) + _text(value)
    if header.texts:
        infos += b"\x01" + _U16.pack(len(header.texts))
        for name, value in header.texts.items():
            infos += _text(name) + _text(value)
    infos += b"\x00" * (-len(infos) % 4)
    return infos


def decode(message: bytes) -> tuple[Header, int]:
    """Read the header of a whole message: return it and where the payload starts.

    Raises:
        HeaderError: this is no valid TTHeader.
    """
    _, _, _, seqid, words = _FIXED.unpack_from(message)
    end = FIXED_SIZE + words * 4
    if end > len(message) or words < 1:
        raise HeaderError(f"a header of {words * 4} bytes in a message of {len(message)}")
    if message[14] != 0 or message[15] != 0:
        raise HeaderError(f"protocol {message[14]} with {message[15]} transforms, want 0 and 0")
    return _Infos(message, 16, end).read(seqid), end


class _Infos:
    """A cursor over the infos of a header."""

    __slots__ = ("_at", "_data", "_end")

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self._data, self._at, self._end = data, at, end

    def read(self, seqid: int) -> Header:
        integers: dict[int, str] = {}
        texts: dict[str, str] = {}
        while self._at < self._end:
            kind = self._data[self._at]
            self._at += 1
            if kind == _TEXT_INFO:
                for _ in range(self._u16()):
                    name = self._text()
                    texts[name] = self._text()
            elif kind == _INTEGER_INFO:
                for _ in range(self._u16()):
                    number = self._u16()
                    integers[number] = self._text()
            elif kind == _ACL_INFO:
                self._text()
            elif kind != _PADDING:
                raise HeaderError(f"unknown info 0x{kind:02x}")
        return Header(seqid, integers, texts)

    def _u16(self) -> int:
        if self._at + 2 > self._end:
            raise HeaderError("an info runs over the header's end")
        value = (self._data[self._at] << 8) | self._data[self._at + 1]
        self._at += 2
        return value

    def _text(self) -> str:
        length = self._u16()
        start, self._at = self._at, self._at + length
        if self._at > self._end:
            raise HeaderError("an info runs over the header's end")
        return self._data[start : self._at].decode(errors="replace")


def _text(value: str) -> bytes:
    encoded = value.encode()
    return _U16.pack(len(encoded)) + encoded
