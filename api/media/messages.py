"""The messages between the pool and its child processes: one line of JSON each."""

from dataclasses import dataclass
from pathlib import Path

import msgspec


@dataclass(frozen=True)
class Probe:
    """The description of a video: size in pixels as displayed (upright), length, format."""

    width: int
    height: int
    duration_ms: int
    container: str
    content_type: str
    suffix: str


@dataclass(frozen=True)
class Processed:
    """A video ready to store: `video` is the upload itself or a copy with its index in front."""

    video: Path
    cover: Path
    probe: Probe


@dataclass(frozen=True)
class Request:
    """A request to process `source`; new files go into `folder`."""

    source: Path
    folder: Path


@dataclass(frozen=True)
class Reply:
    """The result, or the reason for a refusal, a Chinese text for the uploading user."""

    processed: Processed | None = None
    refusal: str = ""


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
