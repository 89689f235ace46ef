"""Open an upload as a video, if it is one, and describe it. Runs in the child process only."""

from pathlib import Path
from typing import Final, NamedTuple

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from api.media.messages import HEVC, NO_HEVC, Probe
from microkit.errors import ParamError

MAX_PIXELS: Final = 4096 * 4096
# Codecs that phones and browsers play. HEVC is excluded: many of them cannot play it.
VIDEO_CODECS: Final = {"h264", "vp8", "vp9", "av1", "mpeg4", "h263"}
DECODERS: Final = (
    "h264,vp8,vp9,libdav1d,av1,mpeg4,h263,aac,mp3float,mp3,opus,vorbis,flac,amrnb,amrwb"
)
MP4_ATOMS: Final = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"}
EBML: Final = b"\x1a\x45\xdf\xa3"


class Format(NamedTuple):
    """A container format: its demuxer, and the type and suffix it is served with."""

    name: str
    demuxer: str
    content_type: str
    suffix: str


# MOV is served as MP4: browsers refuse video/quicktime, and players detect the format.
MP4: Final = Format("mp4", "mov", "video/mp4", ".mp4")
WEBM: Final = Format("webm", "matroska", "video/webm", ".webm")
MATROSKA: Final = Format("mkv", "matroska", "video/x-matroska", ".mkv")


def sniff(path: Path) -> Format:
    """Return the container format by the first bytes; raises ParamError if it is not allowed."""
    with path.open("rb") as file:
        head = file.read(64)
    if not head:
        raise ParamError("视频文件是空的")
    if head[4:8] in MP4_ATOMS:
        return MP4
    if head.startswith(EBML):
        return WEBM if b"webm" in head else MATROSKA
    raise ParamError("不支持的视频格式，请上传 MP4、MOV 或 WebM 视频")


def open_video(path: Path, *, hevc: bool = False) -> InputContainer:
    """Open the file with the demuxer chosen by its first bytes; the caller closes it.

    A playlist could make a demuxer read other files and hosts, so the demuxer is fixed and
    limited to local files. `hevc`: it may be HEVC, which is only played after a conversion.

    Raises:
        ParamError: the file is not a playable video.
    """
    decoders = f"{DECODERS},hevc" if hevc else DECODERS
    options = {"protocol_whitelist": "file", "codec_whitelist": decoders}
    try:
        return av.open(
            f"file:{path}",
            "r",
            format=sniff(path).demuxer,
            options=options,
            metadata_errors="replace",  # some titles are GBK
        )
    except av.FFmpegError as error:
        raise ParamError("无法读取该视频，文件可能已损坏") from error


def video_stream(container: InputContainer, *, hevc: bool = False) -> VideoStream:
    """Return the main video stream, ready to decode within limits; ParamError if there is none."""
    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream):
        raise ParamError("文件中没有视频画面")
    name = stream.codec.canonical_name if stream.codec_context is not None else ""
    if name == HEVC and not hevc:
        raise ParamError(NO_HEVC)
    if stream.codec_context is None or not (name in VIDEO_CODECS or name == HEVC):
        raise ParamError("不支持的视频编码，请上传 H.264 视频")
    check_size(stream.width, stream.height)
    stream.codec_context.thread_count = 1
    # The stream can declare another size than its container.
    stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    return stream


def check_size(width: int, height: int) -> None:
    """Raise ParamError for a picture without pixels or with too many."""
    if not 0 < width * height <= MAX_PIXELS:
        raise ParamError("视频分辨率过高或无效")


def duration_seconds(container: InputContainer, stream: VideoStream) -> float:
    """Return the duration from the header or else the packets; ParamError if it is zero."""
    seconds = (container.duration or 0) / av.time_base
    if seconds <= 0:  # browser recordings have none in the header
        seconds = max((_end_seconds(packet) for packet in container.demux(stream)), default=0.0)
    if seconds <= 0:
        raise ParamError("视频时长无效")
    return seconds


def describe(path: Path, size: tuple[int, int], seconds: float, codec: str) -> Probe:
    """Return the description of a file's video, displayed at `size` pixels for `seconds`."""
    kind = sniff(path)
    return Probe(
        width=size[0],
        height=size[1],
        duration_ms=max(1, round(seconds * 1000)),
        container=kind.name,
        content_type=kind.content_type,
        suffix=kind.suffix,
        codec=codec,
    )


def _end_seconds(packet: "av.Packet[VideoStream]") -> float:
    if packet.pts is None or packet.time_base is None:
        return 0.0
    return float((packet.pts + (packet.duration or 0)) * packet.time_base)
