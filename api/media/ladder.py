"""The sizes and rates that a video is offered in."""

from typing import Final, NamedTuple

_MAX_LONG: Final = 1920  # of very wide videos
_ONE_LEVEL: Final = 400  # a video that is hardly larger than the small level has that one only


class Level(NamedTuple):
    """One rendition: its short side in pixels, and its bit rates as x264 and AAC take them."""

    name: str
    short: int
    kbit: int
    audio_kbit: int


SMALL: Final = Level("360p", 360, 800, 64)
LARGE: Final = Level("720p", 720, 2500, 128)


def levels(size: tuple[int, int]) -> tuple[Level, ...]:
    """Return the levels for a video that is displayed at `size`, the best one last."""
    return (SMALL,) if min(size) <= _ONE_LEVEL else (SMALL, LARGE)


def fitted(size: tuple[int, int], level: Level) -> tuple[int, int]:
    """Return even width and height for a level: never larger than the video."""
    scale = min(1.0, level.short / min(size), _MAX_LONG / max(size))
    width, height = (max(2, round(side * scale / 2) * 2) for side in size)
    return width, height
