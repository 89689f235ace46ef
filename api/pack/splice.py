"""JSON in pieces: what many responses share is encoded once, what differs is put in between.

A struct is encoded with holes and split there. The pieces are kept or shared, and are joined with
what belongs into the holes. JSON that is complete takes the place of a struct in a response.
"""

from collections.abc import Iterable
from typing import Any, Final, TypeVar, cast

import msgspec

StructT = TypeVar("StructT", bound=msgspec.Struct)

encode = msgspec.json.Encoder().encode
_MARK: Final = b"\0"  # JSON has no such byte: in a text it is escaped

HOLE: Final[Any] = msgspec.Raw(_MARK)
"""The value of a field that differs."""


def pieces(struct: msgspec.Struct) -> list[bytes]:
    """Return the JSON of a struct, split at its holes."""
    return encode(struct).split(_MARK)


def packed(_of: type[StructT], json: bytes) -> StructT:
    """Return the JSON of a struct in place of that struct: responses copy it as it is."""
    return cast("StructT", msgspec.Raw(json))


def array(_of: type[StructT], items: Iterable[bytes]) -> list[StructT]:
    """Return the JSON of structs in place of a list of them; only a response can read it."""
    return cast("list[StructT]", msgspec.Raw(b"[%b]" % b",".join(items)))
