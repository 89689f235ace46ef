"""What a worker process is asked and what it answers, on one line of JSON each."""

from dataclasses import dataclass
from pathlib import Path

import msgspec


@dataclass(frozen=True)
class Probe:
    """What is known of a video: its size in pixels as it is shown, upright, and its length."""

    width: int
    height: int
    duration_ms: int
    container: str
    content_type: str
    suffix: str


@dataclass(frozen=True)
class Processed:
    """A video ready to store: `video` is the upload itself or a copy that starts faster."""

    video: Path
    cover: Path
    probe: Probe


@dataclass(frozen=True)
class Request:
    """Process `source`; new files go into `folder`."""

    source: Path
    folder: Path


@dataclass(frozen=True)
class Reply:
    """Either the result or, in words for the person who uploaded it, what is wrong."""

    processed: Processed | None = None
    refusal: str = ""


def encode(message: Request | Reply) -> bytes:
    """The message as a line of JSON, line feed included."""
    return msgspec.json.encode(message, enc_hook=_absolute) + b"\n"


def decode_request(line: bytes) -> Request:
    """The request in a line; raises msgspec.MsgspecError."""
    return msgspec.json.decode(line, type=Request, dec_hook=_path)


def decode_reply(line: bytes) -> Reply:
    """The reply in a line; raises msgspec.MsgspecError."""
    return msgspec.json.decode(line, type=Reply, dec_hook=_path)


def _absolute(path: Path) -> str:
    """The two sides have different working directories."""
    return str(path.absolute())


def _path(kind: type[Path], text: str) -> Path:
    return kind(text)
