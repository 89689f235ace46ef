"""Draws the default avatar and profile background into api/assets, with nothing but zlib.

A picture is a function from a point to a colour. A shape says how far a point is inside it, in
pixels; clamped to 0..1 that distance is its coverage, which smooths every edge.
"""

import struct
import zlib
from collections.abc import Callable
from math import exp, hypot, sin
from pathlib import Path

Color = tuple[float, float, float]
Picture = Callable[[float, float], Color]

ASSETS = Path(__file__).resolve().parent.parent / "api" / "assets"

WHITE = (255.0, 255.0, 255.0)
INK = (58.0, 42.0, 96.0)


def avatar(x: float, y: float) -> Color:
    """A small white bear before a dawn of violet and coral, 256 x 256."""
    color = blend((112, 92, 232), (255, 138, 128), (x * 0.35 + y) / 345)
    color = blend(color, (255, 214, 165), 0.55 * exp(-(((x - 196) ** 2 + (y - 52) ** 2) / 9000)))
    color = blend(color, INK, 0.16 * disc(x, y, 128, 330, 128, 0.08))
    color = blend(color, WHITE, disc(x, y, 128, 284, 92))
    for side in (-1, 1):
        color = blend(color, WHITE, disc(x, y, 128 + side * 50, 68, 27))
        color = blend(color, (255, 190, 190), disc(x, y, 128 + side * 51, 67, 15))
    color = blend(color, INK, 0.10 * disc(x, y, 128, 128, 73, 0.12))
    color = blend(color, WHITE, disc(x, y, 128, 118, 70))
    for side in (-1, 1):
        color = blend(color, (255, 158, 158), 0.55 * disc(x, y, 128 + side * 42, 134, 13, 0.2))
        color = blend(color, INK, disc(x, y, 128 + side * 24, 112, 8))
        color = blend(color, WHITE, disc(x, y, 131 + side * 24, 109, 2.6))
    smile = min(4.0 - abs(hypot(x - 128, y - 124) - 20), (y - 132) * 1.2)
    return blend(color, INK, clamp(smile))


def background(x: float, y: float) -> Color:
    """A moon over four ranges of hills at dusk, 720 x 405."""
    color = blend((38, 24, 92), (232, 106, 140), y / 250)
    color = blend(color, (255, 196, 140), clamp((y - 130) / 190) * 0.8)
    moon_distance = hypot(x - 520, y - 118)
    color = blend(color, (255, 226, 190), 0.5 * clamp(1 - moon_distance / 130) ** 2)
    color = blend(color, (255, 244, 224), clamp(44 - moon_distance))
    for star_x, star_y, radius in STARS:
        color = blend(color, WHITE, 0.85 * disc(x, y, star_x, star_y, radius))
    for layer, hill in enumerate(HILLS):
        crest = 218 + layer * 44 + 17 * sin(x / (96 - 9 * layer) + 2.1 * layer)
        crest += 7 * sin(x / (31 + 4 * layer) + 4.0 * layer)
        mist = clamp((y - 205 - layer * 44) / 110) * 0.3
        color = blend(color, blend(hill, (255, 170, 150), mist), clamp(y - crest + 0.5))
    return color


STARS = [
    (70, 52, 1.6), (148, 112, 1.2), (214, 38, 1.9), (292, 84, 1.2), (352, 30, 1.4),
    (404, 98, 1.1), (46, 142, 1.1), (612, 34, 1.6), (668, 92, 1.2), (440, 44, 1.0),
]  # fmt: skip
HILLS: list[Color] = [(178, 84, 140), (122, 58, 128), (78, 40, 108), (42, 24, 76)]


def disc(x: float, y: float, cx: float, cy: float, radius: float, hardness: float = 1.0) -> float:
    """How much of the point (x, y) a disc covers; a hardness under 1 makes its edge soft."""
    return clamp((radius - hypot(x - cx, y - cy)) * hardness + 0.5)


def blend(under: Color, over: Color, share: float) -> Color:
    """The colour of `over` lying on `under` with an opacity of `share`, clamped to 0..1."""
    share = clamp(share)
    return (
        under[0] + (over[0] - under[0]) * share,
        under[1] + (over[1] - under[1]) * share,
        under[2] + (over[2] - under[2]) * share,
    )


def clamp(value: float) -> float:
    """The value, not below 0 and not above 1."""
    return 0.0 if value < 0 else min(value, 1.0)


def write_png(path: Path, width: int, height: int, picture: Picture) -> None:
    """Renders the picture as an 8-bit RGB PNG, each row as its difference from the row above."""
    rows = [
        bytes(round(channel) for x in range(width) for channel in picture(x + 0.5, y + 0.5))
        for y in range(height)
    ]
    above = bytes(3 * width)
    scanlines = []
    for row in rows:
        up = bytes((a - b) & 255 for a, b in zip(row, above, strict=True))
        scanlines.append(b"\2" + up)  # filter 2, "Up": gradients become runs of small numbers
        above = row
    header = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(b"".join(scanlines), 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


if __name__ == "__main__":
    ASSETS.mkdir(parents=True, exist_ok=True)
    write_png(ASSETS / "avatar.png", 256, 256, avatar)
    write_png(ASSETS / "background.png", 720, 405, background)
