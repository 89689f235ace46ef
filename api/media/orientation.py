"""How a frame is turned and mirrored for display. Runs in the child process only.

The display matrix of a video (ISO/IEC 14496-12, `tkhd`) maps stored to displayed pixels. Only its
quarter turns and mirrors are followed, as players do.
"""

import struct
from collections.abc import Mapping
from typing import Final, cast

from av.buffer import Buffer
from av.video.frame import VideoFrame

from api.media.filters import Step

_MATRIX: Final = struct.Struct("=9i")
_UPRIGHT: Final = (1, 0, 0, 1)
# By the signs of the matrix (x to x, x to y, y to x, y to y).
_STEPS: Final[dict[tuple[int, ...], tuple[Step, ...]]] = {
    _UPRIGHT: (),
    (-1, 0, 0, 1): (("hflip", ""),),
    (1, 0, 0, -1): (("vflip", ""),),
    (-1, 0, 0, -1): (("hflip", ""), ("vflip", "")),
    (0, 1, 1, 0): (("transpose", "cclock_flip"),),
    (0, 1, -1, 0): (("transpose", "clock"),),
    (0, -1, 1, 0): (("transpose", "cclock"),),
    (0, -1, -1, 0): (("transpose", "clock_flip"),),
}
_MIRRORS: Final = {(-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0)}


def upright(frame: VideoFrame) -> tuple[Step, ...]:
    """Return the filters that show the frame as it is meant."""
    return _STEPS[_signs(frame)]


def is_mirrored(frame: VideoFrame) -> bool:
    """Whether the frame is meant to be shown mirrored, which many players do not do."""
    return _signs(frame) in _MIRRORS


def swaps_sides(frame: VideoFrame) -> bool:
    """Whether the stored width is the shown height."""
    return _signs(frame)[0] == 0


def _signs(frame: VideoFrame) -> tuple[int, ...]:
    side_data = cast("Mapping[str, Buffer]", frame.side_data)
    data = bytes(side_data["DISPLAYMATRIX"]) if "DISPLAYMATRIX" in side_data else b""
    if len(data) != _MATRIX.size:
        return _UPRIGHT
    a, b, _, c, d, *_ = _MATRIX.unpack(data)
    turned = abs(a) + abs(d) < abs(b) + abs(c)
    signs = tuple(map(_sign, (0, b, c, 0) if turned else (a, 0, 0, d)))
    return signs if signs in _STEPS else _UPRIGHT


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)
