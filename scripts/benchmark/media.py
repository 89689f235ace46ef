"""CPU of a minute of video in the media processes: ``python -m scripts.benchmark.media``."""

import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Final, cast

import av
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from api.media.pipeline import process, render
from api.media.progress import ProgressReport

_SECONDS: Final = 4
_RATE: Final = 30
_QUIET: Final = {"preset": "ultrafast", "x265-params": "log-level=none:pools=1"}
_SOURCES: Final = (
    ("H.264, 1280 x 720", "libx264", "yuv420p", (1280, 720)),
    ("H.264, 1920 x 1080", "libx264", "yuv420p", (1920, 1080)),
    ("HEVC of 10 bits, 1920 x 1080", "libx265", "yuv420p10le", (1920, 1080)),
)


def main() -> None:
    """Print the CPU seconds of a minute of each source: of an upload, and of its renditions."""
    for name, codec, pixels, size in _SOURCES:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "source.mp4")
            _write(source, codec, pixels, size)
            print(f"{name}: {_measured(source)}", flush=True)


def _measured(source: Path) -> str:
    upload = _cpu(lambda: process(source, source.parent, convertible=True))
    progress = ProgressReport(lambda _: None)
    renditions = _cpu(lambda: render(source, source.parent, "ab", progress))
    minute = renditions * 60 / _SECONDS
    return f"upload {upload:.2f} s, renditions of a minute {minute:.0f} s"


def _cpu(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def _write(path: Path, codec: str, pixels: str, size: tuple[int, int]) -> None:
    """Write a moving test picture with some noise, as a camera has."""
    picture = f"testsrc2=size={size[0]}x{size[1]}:rate={_RATE}:duration={_SECONDS}"
    with (
        av.open(str(path), "w") as container,
        av.open(f"{picture},noise=alls=8:allf=t,format={pixels}", format="lavfi") as source,
    ):
        video = cast("VideoStream", container.add_stream(codec, rate=_RATE, options=_QUIET))
        video.width, video.height, video.pix_fmt = *size, pixels
        for number, frame in enumerate(source.decode(video=0)):
            assert isinstance(frame, VideoFrame)  # noqa: S101  # the source has no other kind
            frame.pts, frame.time_base = number, Fraction(1, _RATE)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))


if __name__ == "__main__":
    main()
