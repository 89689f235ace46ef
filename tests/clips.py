"""Clips of formats that do not play everywhere."""

from fractions import Fraction
from pathlib import Path

import av


def clip_of(
    path: Path,
    codec: str,
    pixels: str,
    size: tuple[int, int],
    *,
    turn: int = 0,
    seconds: int = 1,
    sound: bool = False,
) -> None:
    """Write a moving test picture, at 24 frames per second; with a tone in AAC."""
    quiet = {"preset": "ultrafast", "x265-params": "log-level=none:pools=1"}
    source = f"testsrc2=size={size[0]}x{size[1]}:rate=24:duration={seconds}"
    tone = f"sine=sample_rate=48000:duration={seconds}"
    with (
        av.open(str(path), "w") as container,
        av.open(source, format="lavfi") as pictures,
        av.open(tone, format="lavfi") as tones,
    ):
        stream = container.add_stream(codec, rate=24, options=quiet)
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        if turn:
            stream.set_display_rotation(turn)
        audio = container.add_stream("aac", rate=48000, layout="mono") if sound else None
        for number, frame in enumerate(pictures.decode(video=0)):
            plain = frame.reformat(format=pixels)
            plain.pts, plain.time_base = number, Fraction(1, 24)
            container.mux(stream.encode(plain))
        container.mux(stream.encode(None))
        if audio is not None:
            for samples in tones.decode(audio=0):
                container.mux(audio.encode(samples))
            container.mux(audio.encode(None))
