"""Drawn avatars: what people have until they upload a picture.

There are 1,024 of them, and an account's is that of its id: a face with hair, eyes and a mouth, in
colours of its own. Each is drawn once per process, in a few milliseconds, and its address always
names the same bytes. The number is bounded, so that a bucket that clients read directly can have
them all.
"""

import functools
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

NUMBER: Final = 1024
"""How many there are; consecutive accounts have different ones."""
FOLDER: Final = "default/people/"
"""The prefix of their object keys."""

_SIDE: Final = 320
_LEVEL: Final = 9
Colour = tuple[int, int, int]

_GROUNDS: Final[Sequence[Colour]] = (
    (255, 173, 96), (122, 197, 255), (255, 138, 160), (134, 214, 152),
    (182, 160, 255), (255, 214, 92), (92, 205, 200), (240, 150, 226),
    (160, 180, 205), (255, 128, 98), (96, 160, 240), (190, 220, 110),
    (214, 164, 122), (110, 130, 220), (80, 184, 130), (230, 110, 140),
)  # fmt: skip
_SKINS: Final[Sequence[Colour]] = (
    (255, 224, 196), (241, 194, 150), (214, 156, 110), (140, 92, 62),
)  # fmt: skip
_HAIRS: Final[Sequence[Colour]] = (
    (38, 32, 36), (106, 62, 34), (226, 180, 82), (150, 40, 52),
)  # fmt: skip
_INK: Final[Colour] = (44, 36, 44)
_WHITE: Final[Colour] = (255, 255, 255)
_LIPS: Final[Colour] = (200, 70, 80)


class _Ellipse(NamedTuple):
    """A filled ellipse, or the part of it between two heights; lengths are parts of the side."""

    colour: Colour
    x: float
    y: float
    width: float
    height: float
    top: float = 0.0
    bottom: float = 1.0


@functools.lru_cache(NUMBER)
def portrait(number: int) -> bytes:
    """Return one of the pictures as a PNG: 320 x 320 pixels, about 1 KB."""
    shapes = list(_shapes(number))
    colours = list(dict.fromkeys([_ground(number), *(each.colour for each in shapes)]))
    rows = bytearray()
    for y in range(_SIDE):
        row = bytearray(_SIDE)
        for each in shapes:
            if span := _span(each, (y + 0.5) / _SIDE):
                left, right = span
                row[left:right] = bytes((colours.index(each.colour),)) * (right - left)
        rows += b"\0" + row
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 3, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join((
        _chunk(b"IHDR", header),
        _chunk(b"PLTE", bytes(part for colour in colours for part in colour)),
        _chunk(b"IDAT", zlib.compress(bytes(rows), _LEVEL)),
        _chunk(b"IEND", b""),
    ))  # fmt: skip


def key_of(account: int) -> str:
    """Return the object key of an account's picture."""
    return f"{FOLDER}{account % NUMBER}.png"


def number_of(key: str) -> int | None:
    """Return the number in an object key; None if the key is that of another object."""
    name = key.removeprefix(FOLDER).removesuffix(".png")
    number = int(name) if name.isascii() and name.isdecimal() and len(name) < 5 else NUMBER
    return number if number < NUMBER and key == f"{FOLDER}{number}.png" else None


def _ground(number: int) -> Colour:
    return _GROUNDS[_mixed(number) & 15]


def _mixed(number: int) -> int:
    """Return 12 bits, different ones for each number; neighbours differ in many."""
    return number * 1197 & 4095


def _shapes(number: int) -> Iterator[_Ellipse]:
    """Yield what is drawn above the ground; each bit of the number changes something."""
    mixed = _mixed(number)
    style = mixed >> 8 & 3
    skin_colour, hair_colour = _SKINS[mixed >> 4 & 3], _HAIRS[mixed >> 6 & 3]
    shirt = _GROUNDS[(number * 7 + 5) % 16]
    if style == 1:  # long
        yield _Ellipse(hair_colour, 0.5, 0.56, 0.6, 0.72)
    if style == 3:  # two bunches
        yield _Ellipse(hair_colour, 0.24, 0.38, 0.2, 0.24)
        yield _Ellipse(hair_colour, 0.76, 0.38, 0.2, 0.24)
    yield _Ellipse(shirt, 0.5, 1.05, 0.8, 0.56)
    yield _Ellipse(skin_colour, 0.5, 0.74, 0.18, 0.24)
    yield _Ellipse(hair_colour, 0.5, 0.43, 0.52, 0.54, bottom=0.5)
    yield _Ellipse(skin_colour, 0.5, 0.5, 0.45, 0.5)
    fringe = (0.34, 0.36, 0.3, 0.33)[style]
    yield _Ellipse(hair_colour, 0.5, 0.44, 0.48, 0.48, bottom=fringe)
    if style == 2:  # a bun
        yield _Ellipse(hair_colour, 0.5, 0.17, 0.22, 0.18)
    yield from _features(mixed >> 10 & 3)


def _features(face: int) -> Iterator[_Ellipse]:
    for x in (0.41, 0.59):
        if face == 3:  # glasses
            yield _Ellipse(_INK, x, 0.5, 0.15, 0.15)
            yield _Ellipse(_WHITE, x, 0.5, 0.12, 0.12)
        yield _Ellipse(_INK, x, 0.5, 0.055, 0.02 if face == 1 else 0.07)
    wide, top = ((0.14, 0.62), (0.18, 0.6), (0.09, 0.59), (0.14, 0.62))[face]
    yield _Ellipse(_LIPS, 0.5, 0.62, wide, 0.1, top=top)


def _span(shape: _Ellipse, y: float) -> tuple[int, int] | None:
    """Return the pixels of a row that a shape covers: from, to."""
    if not shape.top <= y < shape.bottom:
        return None
    reach = 1 - ((y - shape.y) / (shape.height / 2)) ** 2
    if reach <= 0:
        return None
    half = shape.width / 2 * reach**0.5
    left, right = round((shape.x - half) * _SIDE), round((shape.x + half) * _SIDE)
    return (max(0, left), min(_SIDE, right)) if left < right else None


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
