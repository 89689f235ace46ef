"""Thrift's TApplicationException: a server's refusal of a call, and the client's error for it.

struct TApplicationException { 1: string message, 2: i32 type }
"""

import struct
from contextlib import suppress
from typing import Final

import msgspec

from microkit import errors

UNKNOWN_METHOD: Final = 1
INTERNAL_ERROR: Final = 6
PROTOCOL_ERROR: Final = 7
"""Exception types as numbered by Apache Thrift and Kitex."""

_STRING, _I32, _STOP = 11, 8, 0


class ApplicationException(msgspec.Struct, frozen=True):
    """The body of an EXCEPTION message: a type and a text for developers."""

    type: int = 0
    text: str = ""

    def encode(self) -> bytes:
        """Return the body of the message."""
        text = self.text.encode(errors="replace")
        return b"\x0b\x00\x01%b%b\x08\x00\x02%b\x00" % (
            struct.pack(">i", len(text)),
            text,
            struct.pack(">i", self.type),
        )

    @classmethod
    def decode(cls, body: bytes, at: int) -> "ApplicationException":
        """Decode the exception at offset `at`; fields missing from a truncated body stay empty."""
        text, code = "", 0
        with suppress(struct.error):
            while at < len(body) and body[at] != _STOP:
                kind, at = body[at], at + 3
                if kind == _STRING:
                    (length,) = struct.unpack_from(">I", body, at)
                    at += 4 + length
                    text = body[at - length : at].decode(errors="replace")
                elif kind == _I32:
                    (code,), at = struct.unpack_from(">i", body, at), at + 4
                else:
                    break
        return cls(code, text)

    def error(self) -> errors.Error:
        """Return the error that the client raises."""
        if self.type == UNKNOWN_METHOD:
            return errors.UnknownMethod()
        if self == OVERLOADED:
            return errors.Overloaded()
        return errors.DeadlineExceeded() if self == DEADLINE else errors.ServiceError()


# Thrift has no types for these: other clients see an internal error with this text.
DEADLINE: Final = ApplicationException(INTERNAL_ERROR, "deadline exceeded")
OVERLOADED: Final = ApplicationException(INTERNAL_ERROR, "overloaded: not handled")
INTERNAL: Final = ApplicationException(INTERNAL_ERROR, "internal error")
