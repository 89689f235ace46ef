"""A picture of a profile: upright, cropped, encoded anew. Runs in the child process only.

Nothing of the upload reaches the result but its pixels: no place, no name of a camera, no bytes
behind the picture.
"""

from pathlib import Path
from typing import Final

import av
from av.container import InputContainer
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from api.media.filters import entry, filtered
from api.media.orientation import swaps_sides, upright
from microkit.errors import ParamError

MAX_PIXELS: Final = 64_000_000
"""More than the largest usual photos have (50 million); decoded, these are 512 MB at most."""
MIN_SIDE: Final = 16

_BOUND: Final = {"max_pixels": str(MAX_PIXELS)}
_HEAD_BYTES: Final = 12
_DECODERS: Final = "mjpeg,png,webp"
_QUALITY: Final = 3  # of JPEG: 2 is the best, 31 the worst
# AV_FRAME_DATA_EXIF: PyAV does not know this type, and refuses to list the data of a frame with it.
_WITHOUT_EXIF: Final = ("sidedata", "mode=delete:type=31")


def make_picture(source: Path, folder: Path, size: tuple[int, int]) -> Path:
    """Write the middle of a picture to `folder` as a JPEG, and return it.

    Args:
        source: the upload: JPEG, PNG or WebP; of an animation the first frame is used.
        folder: an existing folder.
        size: width and height, whose ratio the result has. It is never enlarged.

    Raises:
        ParamError: the file is no such picture, or too large or too small.
    """
    target = folder / "picture.jpg"
    try:
        with _open(source, _demuxer(source)) as container:
            frame = _decoded(container)
        _cropped(frame, size).save(target, qscale=_QUALITY)
    except (av.FFmpegError, StopIteration, ValueError) as error:
        raise ParamError(
            f"无法读取该图片：文件已损坏，或超过 {MAX_PIXELS // 10_000} 万像素"
        ) from error
    return target


def _demuxer(path: Path) -> str:
    """Return the demuxer of a file by its first bytes."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg_pipe"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png_pipe"
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        return "webp_pipe"
    raise ParamError("不支持的图片格式，请上传 JPEG、PNG 或 WebP 图片")


def _open(path: Path, demuxer: str) -> InputContainer:
    return av.open(
        f"file:{path}",
        "r",
        format=demuxer,
        # The bound too: the first frame is decoded to find its size.
        options={"protocol_whitelist": "file", "codec_whitelist": _DECODERS, **_BOUND},
        metadata_errors="replace",
    )


def _decoded(container: InputContainer) -> VideoFrame:
    stream = container.streams.best("video")
    assert isinstance(stream, VideoStream)  # noqa: S101 - these demuxers have nothing else
    stream.codec_context.thread_count = 1
    stream.codec_context.options = _BOUND
    frame = filtered(next(container.decode(stream)), (_WITHOUT_EXIF,))
    if min(frame.width, frame.height) < MIN_SIDE:
        raise ParamError(f"图片太小，每边至少 {MIN_SIDE} 像素")
    return frame


def _cropped(frame: VideoFrame, size: tuple[int, int]) -> VideoFrame:
    """Return the middle of the frame, upright; scaled before it is turned, which is cheaper."""
    shown = (frame.width, frame.height)
    if swaps_sides(frame):
        shown = shown[::-1]
    scale = min(1.0, max(size[0] / shown[0], size[1] / shown[1]))
    small = max(1, round(shown[0] * scale)), max(1, round(shown[1] * scale))
    width = min(size[0], small[0], max(1, round(small[1] * size[0] / size[1])))
    height = min(size[1], small[1], max(1, round(small[0] * size[1] / size[0])))
    coded = small[::-1] if swaps_sides(frame) else small
    steps = upright(frame)
    opaque = _on_white(frame, coded) if _has_alpha(frame) else frame
    scaled = opaque.reformat(*coded, format="yuvj420p", interpolation="AREA")
    return filtered(scaled, (*steps, ("crop", f"{width}:{height}")))


def _has_alpha(frame: VideoFrame) -> bool:
    return frame.format.has_palette or any(part.is_alpha for part in frame.format.components)


def _on_white(frame: VideoFrame, size: tuple[int, int]) -> VideoFrame:
    """Return the frame in this size; what is transparent becomes white."""
    width, height = size
    scaled = frame.reformat(width, height, format="rgba", interpolation="AREA")
    graph = Graph()
    picture = entry(graph, scaled)
    white = graph.add("color", f"c=white:s={width}x{height}:d=1:r=1")
    over = graph.add("overlay", "format=rgb:eof_action=repeat")
    sink = graph.add("buffersink")
    white.link_to(over, 0, 0)
    picture.link_to(over, 0, 1)
    over.link_to(sink)
    graph.configure()
    graph.vpush(scaled)
    return graph.vpull()
