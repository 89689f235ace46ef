"""Whether a video plays everywhere as it is. Runs in the child process only."""

from typing import Final

from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from api.media.orientation import is_mirrored
from api.media.probe import MP4

_PIXELS: Final = {"yuv420p", "yuvj420p"}  # 8 bits; the other profiles of H.264 are for studios
_SOUND: Final = {"aac", "mp3"}
_MAX_LONG, _MAX_SHORT = 1920, 1088
_MAX_BITS_PER_SECOND: Final = 12_000_000
_MAX_RATE: Final = 61


def plays_everywhere(container: InputContainer, stream: VideoStream, frame: VideoFrame) -> bool:
    """Whether every phone and browser plays it, over a connection as people have it.

    `frame` is a decoded one of the stream.
    """
    sound = {s.codec_context.name if s.codec_context else "" for s in container.streams.audio}
    return (
        container.format.name == MP4.demuxer
        and stream.codec.canonical_name == "h264"
        and frame.format.name in _PIXELS
        and sound <= _SOUND | {"mp3float"}
        and max(frame.width, frame.height) <= _MAX_LONG
        and min(frame.width, frame.height) <= _MAX_SHORT
        and (stream.average_rate or 0) <= _MAX_RATE
        and (stream.codec_context.bit_rate or 0) <= _MAX_BITS_PER_SECOND
        and not is_mirrored(frame)
    )
