"""Strict TBinary of structs, encoded and decoded by Apache Thrift's ``fastbinary``.

Required fields are enforced both ways: a missing one is an error.
"""

import functools
import io
import sys
from collections.abc import Callable
from typing import Any

import msgspec
from thrift.protocol import fastbinary
from thrift.protocol.TProtocol import TProtocolException
from thrift.Thrift import TType

from microkit.rpc.structs import Struct, fields_of, spec_of


class EncodeError(Exception):
    """The struct cannot be encoded: a required field is unset or a value has the wrong type."""


class DecodeError(Exception):
    """The bytes are not this struct: truncated, mistyped, or a required field is missing."""


class Codec:
    """Encodes and decodes one struct type, with limits and required fields enforced."""

    __slots__ = ("_check", "_spec", "struct")

    def __init__(self, struct: Struct) -> None:
        self.struct = struct
        self._spec = [struct, spec_of(struct)]
        self._check = _checker(struct)

    def encode(self, value: msgspec.Struct) -> bytes:
        """Return the bytes of `value`.

        Raises:
            EncodeError: a required field is unset, or a value does not fit its type.
        """
        try:
            self._check(value)
            encoded: bytes = fastbinary.encode_binary(value, self._spec)
        except (TypeError, OverflowError, AttributeError, UnicodeError) as error:
            raise EncodeError(f"{self.struct.__name__}: {error}") from error
        return encoded

    def decode(
        self, data: bytes, start: int = 0, max_elements: int = sys.maxsize
    ) -> tuple[Any, int]:
        """Return the struct at `start` of `data`, and the offset of its end.

        Nothing larger than what arrived is allocated: every length is bounded by the message's, and
        that of a list or map by `max_elements`.

        Raises:
            DecodeError: the bytes are not this struct.
        """
        protocol = _Input(data, start, max_elements)
        try:
            value = fastbinary.decode_binary(None, protocol, self._spec)
        except _DECODE_ERRORS as error:
            raise DecodeError(f"{self.struct.__name__}: {error}") from error
        return value, protocol.trans.cstringio_buf.tell()


# Raised by fastbinary; TypeError also by msgspec for a missing required field.
_DECODE_ERRORS = (
    EOFError,
    OverflowError,
    TypeError,
    ValueError,
    MemoryError,
    RecursionError,
    TProtocolException,  # nested too deeply
)


class _Buffer:
    """The transport that fastbinary reads: one C buffer that cannot be refilled."""

    __slots__ = ("cstringio_buf",)

    def __init__(self, data: bytes, start: int) -> None:
        self.cstringio_buf = io.BytesIO(data)
        self.cstringio_buf.seek(start)

    def cstringio_refill(self, _partial: bytes, wanted: int) -> io.BytesIO:
        raise EOFError(f"{wanted} bytes are missing")


class _Input:
    """The protocol that fastbinary reads: a transport, and limits for every length."""

    __slots__ = ("container_length_limit", "string_length_limit", "trans")

    def __init__(self, data: bytes, start: int, max_elements: int) -> None:
        self.trans = _Buffer(data, start)
        self.string_length_limit = len(data)
        self.container_length_limit = min(len(data), max_elements)


@functools.cache
def _checker(struct: Struct) -> Callable[[Any], None]:
    """Compile the check that no required field is None: fastbinary would omit it silently."""
    scope: dict[str, Any] = {"EncodeError": EncodeError, "missing": _missing}
    lines = ["def check(value):"]
    required = [f.name for f in fields_of(struct) if f.requiredness != "optional"]
    if required:
        unset = " or ".join(f"value.{name} is None" for name in required)
        lines += [f"    if {unset}:", "        raise EncodeError(missing(value))"]
    for f in fields_of(struct):
        inner = f.type.struct or f.type.element
        if inner is None:
            continue
        scope[f"check_{f.id}"] = _checker(inner)
        if f.type.struct:
            lines += [f"    if value.{f.name} is not None: check_{f.id}(value.{f.name})"]
        else:
            values = "{}).values()" if f.type.ttype == TType.MAP else "())"
            lines += [f"    for each in (value.{f.name} or {values}: check_{f.id}(each)"]
    exec("\n".join([*lines, "    return None"]), scope)  # noqa: S102 - generated from names in our IDL
    check: Callable[[Any], None] = scope["check"]
    return check


def _missing(value: msgspec.Struct) -> str:
    names = [
        f.name
        for f in fields_of(type(value))
        if f.requiredness != "optional" and getattr(value, f.name) is None
    ]
    return f"{type(value).__name__}: required {', '.join(names)} unset"
