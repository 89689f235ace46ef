"""Move the index of an MP4 (`moov`) before its data, so that playback starts during the download.

The bytes are moved rather than remuxed with PyAV: a remux drops tracks that its muxer cannot write
(phones and action cameras record some) and rewrites edit lists and matrices. Moving changes only
the chunk offsets.
"""

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from api.media.atoms import OFFSETS, Atom, atoms, in_file, in_memory, numbers, read_index, swap
from microkit.errors import ParamError

BLOCK_BYTES: Final = 1 << 20
PARENTS: Final = {b"trak", b"mdia", b"minf", b"stbl"}


def faststart(source: Path, target: Path) -> bool:
    """Write `source`, an MP4 or MOV, to `target` with its index in front.

    Returns:
        False, with nothing written, when there is nothing to move.

    Raises:
        ParamError: the file is incomplete or not an MP4.
    """
    with source.open("rb") as file:
        length = file.seek(0, 2)
        found = _landmarks(file, length)
        moov, mdat = found[b"moov"], found[b"mdat"]
        # A fragmented file has offsets outside of the index, too: it is left unchanged.
        if moov.start < mdat.start or b"moof" in found:
            return False
        front = found[b"ftyp"].end if b"ftyp" in found else 0
        index = _moved_index(file, moov, front)
        with target.open("wb") as copy:
            _copy(file, copy, 0, front)
            copy.write(index)
            _copy(file, copy, front, moov.start)
            _copy(file, copy, moov.end, length)
    return True


def _landmarks(file: BinaryIO, length: int) -> dict[bytes, Atom]:
    """Return the first atom of each relevant kind; moov and mdat are among them."""
    found: dict[bytes, Atom] = {}
    try:
        for atom in atoms(in_file(file), 0, length):
            if atom.kind in {b"ftyp", b"moov", b"mdat", b"moof"}:
                found.setdefault(atom.kind, atom)
    except ParamError:
        # Some cameras append other bytes after the last atom: these are accepted.
        if not {b"moov", b"mdat"} <= found.keys():
            raise
    if not {b"moov", b"mdat"} <= found.keys():
        raise ParamError("视频文件不完整，请重新上传")
    return found


def _moved_index(file: BinaryIO, moov: Atom, front: int) -> bytearray:
    """Return the moov atom with its chunk offsets adjusted for position `front`."""
    size = moov.end - moov.start
    index = read_index(file, moov)
    if index[:4] == bytes(4):  # size 0 means "to the end of the file", which is no longer true
        index[:4] = size.to_bytes(4)
    body = moov.body - moov.start
    for table in list(_offset_tables(index, body)):
        _shift(index, table, moved=range(front, moov.start), by=size)
    return index


def _offset_tables(index: bytearray, body: int) -> Iterator[Atom]:
    spans = [(body, len(index))]
    while spans:
        for atom in atoms(in_memory(index), *spans.pop()):
            if atom.kind in PARENTS:
                spans.append((atom.body, atom.end))
            elif atom.kind in OFFSETS:
                yield atom


def _shift(index: bytearray, table: Atom, *, moved: range, by: int) -> None:
    """Add `by` to those offsets of a table that point into the part of the file that moves."""
    offsets = numbers(index, table, 4, OFFSETS[table.kind])
    try:
        offsets = array(offsets.typecode, (at + by if at in moved else at for at in offsets))
    except OverflowError:
        raise ParamError("视频文件过大，无法处理") from None
    swap(offsets)
    first = table.body + 8
    index[first : first + len(offsets) * offsets.itemsize] = offsets.tobytes()


def _copy(file: BinaryIO, copy: BinaryIO, start: int, end: int) -> None:
    file.seek(start)
    while start < end:
        block = file.read(min(BLOCK_BYTES, end - start))
        if not block:
            raise ParamError("视频文件不完整，请重新上传")
        copy.write(block)
        start += len(block)
