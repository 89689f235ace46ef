"""The cover: a frame that is not blank, saved upright. Runs in the child process only."""

from collections.abc import Iterator
from math import sqrt
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from api.media.filters import filtered
from api.media.orientation import swaps_sides, upright
from api.media.probe import check_size
from microkit.errors import ParamError

MAX_SIDE: Final = 720
SAMPLE_POSITIONS: Final = (0.0, 0.1, 0.25, 0.5, 0.75)  # fractions of the duration
# Over all positions: sparse key frames must not cause a decode of the whole video.
MAX_DECODED: Final = 300
# 16 frames of the largest size allowed, 120 of 1920 x 1080.
MAX_DECODED_PIXELS: Final = 1 << 28
_QUALITY: Final = 4  # of FFmpeg's JPEG: 2 is the best
SAMPLE_SIZE: Final = 16  # brightness is measured on a picture of 16 x 16


def choose_frame(container: InputContainer, stream: VideoStream, seconds: float) -> VideoFrame:
    """Return the first sampled frame that is not (nearly) black or blank, else the brightest.

    Raises:
        ParamError: no frame can be decoded, or a frame is too large.
    """
    best: tuple[float, VideoFrame] | None = None
    try:
        for frame in _candidates(container, stream, seconds):
            brightness, contrast = _luma(frame)
            if _shows(brightness, contrast):
                return frame
            if best is None or brightness > best[0]:
                best = brightness, frame
    except av.FFmpegError:
        pass  # damaged further on: use what was decoded so far
    if best is None:
        raise ParamError("视频画面无法解码，文件可能已损坏")
    return best[1]


def shown_size(frame: VideoFrame, stream: VideoStream) -> tuple[int, int]:
    """Return width and height as a player displays the frame: square pixels, upright."""
    width = round(frame.width * float(stream.sample_aspect_ratio or 1)) or frame.width
    return (frame.height, width) if swaps_sides(frame) else (width, frame.height)


def save_cover(frame: VideoFrame, stream: VideoStream, path: Path) -> None:
    """Save the frame upright as a JPEG of at most 720 pixels on its long side; `path` is .jpg."""
    width, height = _fitted(*shown_size(frame, stream))
    coded = (height, width) if swaps_sides(frame) else (width, height)
    filtered(_reduced(frame, coded), upright(frame)).save(path, qscale=_QUALITY)


def save_upright(frame: VideoFrame, path: Path) -> None:
    """Save a frame of square pixels, which is upright already, as `save_cover` does."""
    _reduced(frame, _fitted(frame.width, frame.height)).save(path, qscale=_QUALITY)


def _fitted(width: int, height: int) -> tuple[int, int]:
    scale = min(1.0, MAX_SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _reduced(frame: VideoFrame, size: tuple[int, int]) -> VideoFrame:
    return frame.reformat(*size, format="yuvj420p", interpolation="AREA")


def _candidates(
    container: InputContainer, stream: VideoStream, seconds: float
) -> Iterator[VideoFrame]:
    tick = float(stream.time_base or 1)
    start = (stream.start_time or 0) * tick
    decoded = pixels = 0
    spent = False
    for position in SAMPLE_POSITIONS:
        wanted = start + position * seconds
        container.seek(int(wanted / tick), stream=stream)
        for frame in container.decode(stream):
            check_size(frame.width, frame.height)
            decoded += 1
            pixels += frame.width * frame.height
            spent = decoded >= MAX_DECODED or pixels >= MAX_DECODED_PIXELS
            if frame.time is None or frame.time >= wanted or spent:
                yield frame
                break
        if spent:
            return


def shows_something(frame: VideoFrame) -> bool:
    """Whether a frame is not (nearly) black or blank."""
    return _shows(*_luma(frame))


def _shows(brightness: float, contrast: float) -> bool:
    return brightness > 20 and contrast > 3


def _luma(frame: VideoFrame) -> tuple[float, float]:
    """Return mean and standard deviation of the brightness, 0..255."""
    plane = frame.reformat(SAMPLE_SIZE, SAMPLE_SIZE, format="gray", interpolation="AREA").planes[0]
    data, line = bytes(plane), plane.line_size
    values = b"".join(data[y * line : y * line + SAMPLE_SIZE] for y in range(SAMPLE_SIZE))
    mean = sum(values) / len(values)
    return mean, sqrt(sum((value - mean) ** 2 for value in values) / len(values))
