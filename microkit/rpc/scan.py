"""Finds the end of an encoded Thrift struct and counts its elements, without decoding it."""

import struct
from collections.abc import Generator
from typing import Final

_I32 = struct.Struct(">i")
MAX_DEPTH: Final = 64
_SIZES: Final = {2: 1, 3: 1, 4: 8, 6: 2, 8: 4, 10: 8}
_STRING, _STRUCT, _MAP, _SET, _LIST = 11, 12, 13, 14, 15
_TYPES: Final = frozenset((*_SIZES, _STRING, _STRUCT, _MAP, _SET, _LIST))
# Sizes of what precedes the values: the types of the elements and the count.
_PREFIX_SIZES: Final = {_STRING: 4, _MAP: 6, _SET: 5, _LIST: 5}


class ProtocolError(Exception):
    """The bytes are not a message; the connection must be closed.

    `refusal` is sent before that: an error in the protocol of the peer, if it was recognized.
    """

    def __init__(self, message: str, refusal: bytes = b"") -> None:
        super().__init__(message)
        self.refusal = refusal


def scan_struct(  # noqa: C901 - one loop over all types keeps it a single pass
    data: bytes | bytearray | memoryview, at: int, max_elements: int
) -> Generator[int, bytes | bytearray | memoryview, int]:
    """Find the end of the struct at `at` in one pass, whatever the fragmentation.

    A generator: it yields the number of bytes it needs, receives a buffer of at least that length,
    and returns the offset of the end. Fixed-size values are skipped by arithmetic. An explicit
    stack replaces recursion and bounds the depth. Elements are fields, list elements, keys and
    values; those of a container are counted when its length is read.

    Raises:
        ProtocolError: the bytes are not a struct, or it has more than `max_elements`.
    """
    elements = 0
    # An entry per open value: a struct is []; a container is [values left, type, …], with one type
    # for a list or set and two for a map.
    stack: list[list[int]] = [[]]
    while stack:
        top = stack[-1]
        if not top:
            while len(data) < at + 1:
                data = yield at + 1
            kind = data[at]
            at += 1
            if kind == 0:
                stack.pop()
                continue
            at += 2
            elements += 1
            if elements > max_elements:
                raise _too_many(max_elements)
        else:
            if top[0] == 0:
                stack.pop()
                continue
            top[0] -= 1
            # Keys and values of a map alternate; an odd number left means that this is a key.
            kind = top[-1] if top[0] % 2 == 0 else top[1]
        size = _SIZES.get(kind)
        if size is not None:
            at += size
            continue
        if kind == _STRUCT:
            stack.append([])
        else:
            head = _PREFIX_SIZES.get(kind)
            if head is None:
                raise ProtocolError(f"unknown type {kind}")
            while len(data) < at + head:
                data = yield at + head
            at += head
            count: int = _I32.unpack_from(data, at - 4)[0]
            if count < 0:
                raise ProtocolError(f"negative length {count}")
            if kind == _STRING:
                at += count
                continue
            types = list(data[at - head : at - 4])
            if count and not _TYPES.issuperset(types):
                raise ProtocolError(f"unknown element types {types}")
            elements += count * len(types)
            if elements > max_elements:
                raise _too_many(max_elements)
            sizes = [_SIZES.get(each, 0) for each in types]
            if all(sizes):
                at += count * sum(sizes)
            else:
                stack.append([count * len(types), *types])
        if len(stack) > MAX_DEPTH:
            raise ProtocolError(f"nested more than {MAX_DEPTH} levels deep")
    while len(data) < at:
        data = yield at
    return at


def _too_many(limit: int) -> ProtocolError:
    return ProtocolError(f"more than {limit} elements")
