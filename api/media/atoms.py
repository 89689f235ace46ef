"""The structure of MP4 and MOV files: atoms (boxes in ISO/IEC 14496-12) and their tables."""

import sys
from array import array
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final, NamedTuple

from microkit.errors import ParamError

MAX_INDEX_BYTES: Final = 32 << 20  # enough for hours of video; only the index is read into memory
OFFSETS: Final = {b"stco": "I", b"co64": "Q"}  # the array type of each table of chunk offsets

Read = Callable[[int], bytes]


class Atom(NamedTuple):
    """One atom: its bytes are start..end, its content body..end."""

    kind: bytes
    start: int
    body: int
    end: int


def atoms(read: Read, start: int, end: int) -> Iterator[Atom]:
    """Yield the atoms between two positions; `read` returns up to 16 bytes at a position.

    Raises:
        ParamError: an atom ends beyond `end`.
    """
    while start + 8 <= end:
        head = read(start)
        size, kind, header = int.from_bytes(head[:4]), head[4:8], 8
        if size == 0:  # to the end
            size = end - start
        elif size == 1:  # a 64-bit size follows
            size, header = int.from_bytes(head[8:16]), 16
        if size < header or start + size > end:
            raise ParamError("视频文件不完整或已损坏，请重新上传")
        yield Atom(kind, start, start + header, start + size)
        start += size


def in_file(file: BinaryIO) -> Read:
    """Return a `Read` for `atoms` over a file."""

    def read(at: int) -> bytes:
        file.seek(at)
        return file.read(16)

    return read


def in_memory(index: bytearray) -> Read:
    """Return a `Read` for `atoms` over bytes in memory."""
    return lambda at: bytes(index[at : at + 16])


def read_index(file: BinaryIO, moov: Atom) -> bytearray:
    """Return the whole atom `moov`; ParamError if it is too large."""
    size = moov.end - moov.start
    if size > MAX_INDEX_BYTES:
        raise ParamError("视频文件过大，无法处理")
    file.seek(moov.start)
    return bytearray(file.read(size))


def numbers(
    index: bytearray, table: Atom, count_at: int, kind: str, *, each: int = 1
) -> "array[int]":
    """Return the integers of a table, `each` per entry; the entry count is at offset `count_at`.

    Raises:
        ParamError: the table is longer than its atom.
    """
    values = array(kind)
    first = table.body + count_at + 4
    end = first + int.from_bytes(index[first - 4 : first]) * values.itemsize * each
    if not first <= end <= table.end:
        raise ParamError("视频文件已损坏，请重新上传")
    values.frombytes(index[first:end])
    swap(values)
    return values


def swap(values: "array[int]") -> None:
    """Convert between the file's byte order, big-endian, and the machine's."""
    if sys.byteorder == "little":
        values.byteswap()
