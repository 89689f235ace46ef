"""Generates short vertical clips for demos and tests, from FFmpeg's lavfi sources."""

import random
import sys
from fractions import Fraction
from pathlib import Path
from typing import Final

import av

FRAMES_PER_SECOND: Final = 24
SAMPLES_PER_SECOND: Final = 22_050

_PALETTES: Final = (
    ("14103a", "4a1f6b", "b8336a", "ff7b54", "ffd56b"),  # sunset
    ("021b3a", "05516b", "0a9396", "94d2bd", "f4e9cd"),  # lagoon
    ("10002b", "3c096c", "7b2cbf", "c77dff", "ffd6ff"),  # violet
    ("0b2027", "14514b", "3f8f5b", "a7c957", "f6f4b8"),  # meadow
    ("1a0b2e", "2d3a8c", "3d7fe0", "6fd3f2", "f5fbff"),  # sky
    ("22092c", "872341", "be3144", "f05941", "ffc98b"),  # ember
    ("231942", "5e548e", "9f86c0", "e0b1cb", "fff0e5"),  # mauve
)
_SHAPES: Final = ("radial", "linear", "circular")
_SHRINK: Final = 4  # gradients are computed at a quarter of the size and enlarged: 1/16 of the CPU
_CHORDS: Final = ((220, 277, 330), (196, 247, 294), (262, 330, 392), (175, 220, 262))  # Hz


def make_clip(
    path: Path, *, seed: int, seconds: float = 4.0, size: tuple[int, int] = (360, 640)
) -> None:
    """Write an MP4 clip with H.264 video and AAC sound; equal arguments give equal pictures.

    Args:
        path: the output file; overwritten.
        seed: selects the shape, the colours, the movement and the sound.
        seconds: the duration.
        size: width and height in pixels, multiples of 4.
    """
    with (
        av.open(str(path), "w", format="mp4") as container,
        av.open(_picture(seed, seconds, size), format="lavfi") as picture,
        av.open(_sound(seed, seconds), format="lavfi") as sound,
    ):
        options = {"preset": "superfast", "crf": "27", "threads": "1"}
        video = container.add_stream("libx264", rate=FRAMES_PER_SECOND, options=options)
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        audio = container.add_stream("aac", rate=SAMPLES_PER_SECOND, layout="mono")
        audio.bit_rate = 32_000
        for index, frame in enumerate(picture.decode(video=0)):
            frame.pts, frame.time_base = index, Fraction(1, FRAMES_PER_SECOND)
            container.mux(video.encode(frame))
        for samples in sound.decode(audio=0):
            container.mux(audio.encode(samples))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))


def _picture(seed: int, seconds: float, size: tuple[int, int]) -> str:
    chance = random.Random(seed)
    width, height = size[0] // _SHRINK, size[1] // _SHRINK
    colors = _PALETTES[seed % len(_PALETTES)]
    options = {
        "size": f"{width}x{height}",
        "rate": FRAMES_PER_SECOND,
        "duration": seconds,
        "type": _SHAPES[seed % len(_SHAPES)],
        "speed": round(chance.uniform(0.008, 0.02), 4),
        "seed": seed,
        "n": len(colors),
        "x0": chance.randrange(width // 4, width // 2),
        "y0": chance.randrange(height // 4, height // 2),
        "x1": chance.randrange(width // 2, width),
        "y1": chance.randrange(height // 2, height),
        **{f"c{n}": f"0x{color}" for n, color in enumerate(colors)},
    }
    gradient = ":".join(f"{name}={value}" for name, value in options.items())
    return f"gradients={gradient},scale={size[0]}:{size[1]},format=yuv420p"


def _sound(seed: int, seconds: float) -> str:
    tones = "+".join(f"sin(2*PI*{tone}*t)" for tone in _CHORDS[seed % len(_CHORDS)])
    return f"aevalsrc=0.03*({tones}):s={SAMPLES_PER_SECOND}:d={seconds}"


if __name__ == "__main__":
    make_clip(Path(sys.argv[1]), seed=int(sys.argv[2]))
