"""Blank private metadata in a video: places, names, devices.

Metadata is overwritten in place with free space of the same size. No offset changes, and the media
stays identical byte by byte. Blanked are:

- user data (`udta`: ``©xyz``, ``loci``, names of the camera), `meta` (``com.apple.quicktime.*``)
  and `uuid` (XMP) of the file, the movie and its tracks;
- tracks of timed metadata (GPS of action cameras, sensors of phones), their samples too;
- free space, in which editors leave removed content.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from api.media.atoms import OFFSETS, Atom, atoms, in_file, in_memory, numbers, read_index
from microkit.errors import ParamError

_PRIVATE: Final = {b"udta", b"meta", b"uuid", b"free", b"skip"}
_FREE: Final = {b"free", b"skip"}
_NESTED: Final = {b"mdia", b"minf", b"stbl"}
_TIMED: Final = {b"meta", b"camm", b"gpmd", b"rtmd"}  # media types (`hdlr`) of timed metadata
# Spherical video: the projection for players is kept.
_SPHERICAL: Final = bytes.fromhex("ffcc8263f8554a938814587a02521fdd")
_BLOCK: Final = bytes(1 << 20)


@dataclass
class Metadata:
    """The parts of a file to blank: whole atoms, and samples of timed metadata as (start, end)."""

    atoms: list[Atom] = field(default_factory=list)
    samples: list[tuple[int, int]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.atoms or self.samples)


def find_metadata(path: Path) -> Metadata:
    """Return the metadata of an MP4 or MOV.

    Raises:
        ParamError: the index is too large or damaged.
    """
    found = Metadata()
    with path.open("rb") as file:
        top = list(_top(file))
        for atom in top:
            if atom.kind in _PRIVATE and not _is_blank(file, atom):
                found.atoms.append(atom)
            elif atom.kind == b"moov":
                index = read_index(file, atom)
                _search_movie(index, atom, [each for each in top if each.kind == b"mdat"], found)
    return found


def blank(path: Path, found: Metadata) -> None:
    """Overwrite metadata: an atom becomes free space, a sample zeros."""
    with path.open("r+b") as file:
        for atom in found.atoms:
            file.seek(atom.start + 4)
            file.write(b"free")
            _fill(file, atom.body, atom.end)
        for start, end in found.samples:
            _fill(file, start, end)


def _top(file: BinaryIO) -> Iterator[Atom]:
    length = file.seek(0, 2)
    # Some cameras append other bytes after the last atom.
    with suppress(ParamError):
        yield from atoms(in_file(file), 0, length)


def _search_movie(index: bytearray, moov: Atom, data: list[Atom], found: Metadata) -> None:
    """Search the moov atom, whose bytes are `index`; samples outside of `data` are ignored."""
    for child in atoms(in_memory(index), moov.body - moov.start, len(index)):
        tables = _tables(index, child) if child.kind == b"trak" else {}
        if _media_type(index, tables) in _TIMED:
            found.atoms.append(_shifted(child, moov.start))
            found.samples += [
                (start, end)
                for start, end in _chunks(index, tables)
                if any(each.body <= start <= end <= each.end for each in data)
            ]
        elif child.kind == b"trak":
            inner = atoms(in_memory(index), child.body, child.end)
            found.atoms += [_shifted(a, moov.start) for a in inner if _is_private(index, a)]
        elif _is_private(index, child):
            found.atoms.append(_shifted(child, moov.start))


def _tables(index: bytearray, atom: Atom) -> dict[bytes, Atom]:
    """Return the atoms within a track by their kind."""
    tables: dict[bytes, Atom] = {}
    for child in atoms(in_memory(index), atom.body, atom.end):
        tables.setdefault(child.kind, child)
        if child.kind in _NESTED:
            tables = _tables(index, child) | tables
    return tables


def _media_type(index: bytearray, tables: dict[bytes, Atom]) -> bytes:
    handler = tables.get(b"hdlr")
    return bytes(index[handler.body + 8 : handler.body + 12]) if handler else b""


def _chunks(index: bytearray, tables: dict[bytes, Atom]) -> Iterator[tuple[int, int]]:
    """Yield the start and end in the file of each chunk of a track."""
    kind = b"co64" if b"co64" in tables else b"stco"
    if not {b"stsz", b"stsc", kind} <= tables.keys():
        return
    sizes_at = tables[b"stsz"].body + 4
    size = int.from_bytes(index[sizes_at : sizes_at + 4])
    sizes = iter(() if size else numbers(index, tables[b"stsz"], 8, "I"))
    runs = numbers(index, tables[b"stsc"], 4, "I", each=3)
    # An stsc entry: first chunk (from 1), samples per chunk, sample description.
    samples_from = dict(zip(runs[::3], runs[1::3], strict=True))
    count = 0
    for chunk, start in enumerate(numbers(index, tables[kind], 4, OFFSETS[kind]), 1):
        count = samples_from.get(chunk, count)
        yield start, start + (count * size or sum(islice(sizes, count)))


def _is_private(index: bytearray, atom: Atom) -> bool:
    if atom.kind in _FREE:
        return any(index[atom.body : atom.end])
    return atom.kind in _PRIVATE and index[atom.body : atom.body + 16] != _SPHERICAL


def _is_blank(file: BinaryIO, atom: Atom) -> bool:
    """Return whether an atom is free space that holds only zeros."""
    if atom.kind not in _FREE:
        return False
    file.seek(atom.body)
    left = atom.end - atom.body
    while left:
        block = file.read(min(left, len(_BLOCK)))
        if not block or block.count(0) != len(block):
            return False
        left -= len(block)
    return True


def _fill(file: BinaryIO, start: int, end: int) -> None:
    file.seek(start)
    while start < end:
        start += file.write(_BLOCK[: end - start])


def _shifted(atom: Atom, by: int) -> Atom:
    return Atom(atom.kind, atom.start + by, atom.body + by, atom.end + by)
