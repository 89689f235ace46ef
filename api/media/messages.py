"""The messages between the pool and its child processes: one line of JSON each."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

HEVC: Final = "hevc"
NO_HEVC: Final = "暂不支持 HEVC（H.265）视频：请在相机设置中选择“兼容性最佳”，或转为 H.264 后上传"


@dataclass(frozen=True)
class Probe:
    """The description of a video: size in pixels as displayed (upright), length, format."""

    width: int
    height: int
    duration_ms: int
    container: str
    content_type: str
    suffix: str
    codec: str


@dataclass(frozen=True)
class Processed:
    """A video ready to store: `video` is the upload itself or a copy with its index in front.

    `plays_everywhere`: every phone and browser plays it as it is.
    """

    video: Path
    cover: Path
    probe: Probe
    plays_everywhere: bool = True


@dataclass(frozen=True)
class Rendered:
    """The files made of a video by the suffix of their names; `play` is that of the best MP4.

    `covers` are pictures to choose from.
    """

    files: dict[str, Path]
    play: str
    covers: list[Path] = field(default_factory=list)


@dataclass(frozen=True)
class Request:
    """A request about the video `source`; new files go into `folder`.

    Without a `name` it is checked and gets a cover; `convertible` says that it need not play
    everywhere. With a `name`, the prefix of the new files, its renditions are made.
    With a `size` the source is a picture, of which the middle is cut out.
    """

    source: Path
    folder: Path
    convertible: bool = False
    name: str = ""
    size: tuple[int, int] | None = None


@dataclass(frozen=True)
class Reply:
    """The result, or the reason for a refusal, a Chinese text for the uploading user.

    A reply with `percent` is not the last one to its request: it says how much is done.
    """

    processed: Processed | None = None
    rendered: Rendered | None = None
    picture: Path | None = None
    refusal: str = ""
    percent: int | None = None


def encode(message: Request | Reply) -> bytes:
    """Return the message as a line of JSON, line feed included."""
    return msgspec.json.encode(message, enc_hook=_absolute) + b"\n"


def decode_request(line: bytes) -> Request:
    """Return the request in a line; raises msgspec.MsgspecError."""
    return msgspec.json.decode(line, type=Request, dec_hook=_path)


def decode_reply(line: bytes) -> Reply:
    """Return the reply in a line; raises msgspec.MsgspecError."""
    return msgspec.json.decode(line, type=Reply, dec_hook=_path)


def _absolute(path: Path) -> str:
    """Encode a path as absolute: the two sides have different working directories."""
    return str(path.absolute())


def _path(kind: type[Path], text: str) -> Path:
    return kind(text)
