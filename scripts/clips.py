"""Makes short vertical clips for demos and tests: every picture and tone is computed here.

Drawing 230,400 pixels a frame in pure Python is out of the question. A scene therefore gives one
plane of palette indices, made of few Python operations (slices of ready columns, or a tiny plane
that swscale enlarges), and `bytes.translate` turns the indices into colours at the speed of memory.
"""

import random
import sys
from array import array
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from math import cos, exp, hypot, sin, tau
from operator import mul
from pathlib import Path

import av

Color = tuple[int, int, int]
Tables = tuple[bytes, bytes, bytes]  # 256 values each of green, blue and red: the order of gbrp
Scene = Callable[[float], bytes]  # seconds -> one palette index for each pixel, row by row

FRAMES_PER_SECOND = 24
SAMPLES_PER_SECOND = 22_050
SHRINK = 10  # an enlarged scene is computed with one value for 10 x 10 pixels

PALETTES = (
    ("14103a", "4a1f6b", "b8336a", "ff7b54", "ffd56b"),  # sunset
    ("021b3a", "05516b", "0a9396", "94d2bd", "f4e9cd"),  # lagoon
    ("10002b", "3c096c", "7b2cbf", "c77dff", "ffd6ff"),  # violet
    ("0b2027", "14514b", "3f8f5b", "a7c957", "f6f4b8"),  # meadow
    ("1a0b2e", "2d3a8c", "3d7fe0", "6fd3f2", "f5fbff"),  # sky
    ("22092c", "872341", "be3144", "f05941", "ffc98b"),  # ember
    ("231942", "5e548e", "9f86c0", "e0b1cb", "fff0e5"),  # mauve
)
CHORDS = ((220, 277, 330), (196, 247, 294), (262, 330, 392), (175, 220, 262))  # whole Hz: seamless


def make_clip(
    path: Path, *, seed: int, seconds: float = 4.0, size: tuple[int, int] = (360, 640)
) -> None:
    """Writes an H.264 and AAC clip as MP4, the same one for the same arguments.

    Args:
        path: where the clip goes, overwritten.
        seed: chooses the scene, its colours and its movement.
        seconds: the length.
        size: width and height in pixels, multiples of 10.
    """
    rng = random.Random(seed)
    make_scene = (hills, lava, plasma, ripples)[seed % 4]
    colors = [_color(code) for code in PALETTES[seed % len(PALETTES)]]
    scene, tables = make_scene(rng, colors, size)
    with av.open(str(path), "w", format="mp4") as container:
        video = container.add_stream(
            "libx264",
            rate=FRAMES_PER_SECOND,
            options={"preset": "superfast", "crf": "27", "threads": "1"},
        )
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        audio = container.add_stream("aac", rate=SAMPLES_PER_SECOND, layout="mono")
        audio.bit_rate = 32_000
        for index in range(round(seconds * FRAMES_PER_SECOND)):
            frame = _colored(scene(index / FRAMES_PER_SECOND), tables, size)
            frame.pts, frame.time_base = index, Fraction(1, FRAMES_PER_SECOND)
            container.mux(video.encode(frame))
        container.mux(audio.encode(_chord(rng.choice(CHORDS), seconds)))
        for stream in (video, audio):
            container.mux(stream.encode(None))


def hills(rng: random.Random, colors: list[Color], size: tuple[int, int]) -> tuple[Scene, Tables]:
    """A sun climbs behind four ranges of hills that drift by, the near ones faster."""
    width, height = size
    center, radius = rng.uniform(0.3, 0.7) * width, min(size) // rng.randint(6, 8)
    crests = [_crest(rng, size, layer) for layer in range(4)]
    sky = bytes(95 * y // height for y in range(height))
    disc = bytes(96 + 8 * y // radius for y in range(2 * radius))
    slopes = [
        bytes(112 + 36 * layer + min(35, 80 * y // height) for y in range(height))
        for layer in range(4)
    ]
    chords = [round(max(0, radius**2 - (x - center) ** 2) ** 0.5) for x in range(width)]

    def draw(seconds: float) -> bytes:
        shifts = [int(seconds * width * 0.02 * 2**layer) for layer in range(4)]
        sun = max(radius, int(height * (0.36 - 0.03 * seconds)))
        columns = []
        for x, half in enumerate(chords):
            tops = [crest[(x + by) % len(crest)] for crest, by in zip(crests, shifts, strict=True)]
            above = sky[: sun - half] + disc[radius - half : radius + half] + sky[sun + half :]
            columns.append(above[: tops[0]])
            for slope, (top, bottom) in zip(slopes, pairwise([*tops, height]), strict=True):
                columns.append(slope[: bottom - top])
        upright = b"".join(columns)
        return b"".join(upright[y::height] for y in range(height))

    return draw, _tables(_hill_colors(colors))


def lava(rng: random.Random, colors: list[Color], size: tuple[int, int]) -> tuple[Scene, Tables]:
    """Soft drops sink and rise and melt into each other."""
    wide, high = size[0] // SHRINK, size[1] // SHRINK
    drops = [
        (rng.uniform(0.2, 0.8), rng.uniform(0.1, 0.35), rng.uniform(0, tau), rng.uniform(0.5, 1.1),
         rng.uniform(0.1, 0.2) * min(wide, high))
        for _ in range(7)
    ]  # fmt: skip

    def draw(seconds: float) -> bytes:
        across, down = [], []
        for x, sway, phase, speed, radius in drops:
            center = wide * (x + sway * sin(seconds * speed * 1.3 + phase))
            level = high * (0.5 - 0.48 * cos(seconds * speed + phase * 2))
            across.append([exp(-(((i - center) / radius) ** 2) / 2) for i in range(wide)])
            down.append([190 * exp(-(((i - level) / radius) ** 2) / 2) for i in range(high)])
        # A round Gaussian is the product of two flat ones: no exp() for each value of the plane.
        columns = list(zip(*across, strict=True))
        plane = bytes(
            min(255, int(sum(map(mul, row, column))))
            for row in zip(*down, strict=True)
            for column in columns
        )
        return _enlarged(plane, (wide, high), size)

    return draw, _tables(_blend(list(zip((0, 100, 116, 180, 255), colors, strict=True))))


def plasma(rng: random.Random, colors: list[Color], size: tuple[int, int]) -> tuple[Scene, Tables]:
    """Silky folds of colour flow through each other."""
    wide, high = size[0] // SHRINK, size[1] // SHRINK
    a, b, c = (rng.uniform(0.7, 1.3) for _ in range(3))
    start = rng.uniform(0, 30)

    def draw(seconds: float) -> bytes:
        t = start + seconds
        across = [40 * sin(a * x * 0.11 + t * 1.1) for x in range(wide)]
        down = [44 * sin(b * y * 0.09 - t * 0.9) + 127 for y in range(high)]
        slant = [
            40 * sin(c * d * 0.07 + t * 1.4 + 2 * sin(d * 0.06 - t * 0.5))
            for d in range(wide + high)
        ]
        plane = bytes(
            int(value + row + fold)
            for y, row in enumerate(down)
            for value, fold in zip(across, slant[y : y + wide], strict=True)
        )
        return _enlarged(plane, (wide, high), size)

    there_and_back = [*colors, *colors[-2::-1]]
    return draw, _tables(_blend([(32 * i, color) for i, color in enumerate(there_and_back)]))


def ripples(rng: random.Random, colors: list[Color], size: tuple[int, int]) -> tuple[Scene, Tables]:
    """Rings run out from two wandering points, the upper ones stronger."""
    wide, high = size[0] // SHRINK, size[1] // SHRINK
    first, second = rng.uniform(0, tau), rng.uniform(0, tau)

    def draw(seconds: float) -> bytes:
        x1 = wide * (0.5 + 0.3 * sin(seconds * 0.7 + first))
        y1 = high * (0.35 + 0.15 * cos(seconds + first))
        x2 = wide * (0.5 + 0.3 * cos(seconds * 0.8 + second))
        y2 = high * (0.7 + 0.15 * sin(seconds + second))
        plane = bytes(
            int(
                127
                + 85 * sin(hypot(x - x1, y - y1) * 0.34 - seconds * 3)
                + 40 * sin(hypot(x - x2, y - y2) * 0.28 - seconds * 2.4)
            )
            for y in range(high)
            for x in range(wide)
        )
        return _enlarged(plane, (wide, high), size)

    bands = [(51 * i + d, colors[i + (d > 0)]) for i in range(4) for d in (0, 44)]
    return draw, _tables(_blend([*bands, (255, colors[4])]))


def _crest(rng: random.Random, size: tuple[int, int], layer: int) -> list[int]:
    """The row where a range of hills begins, for each column of a strip that repeats."""
    width, height = size
    period = 2 * width
    waves = [(n, rng.uniform(0, tau), 0.022 / n**0.6) for n in (2, 3, 5, 7)]
    base = 0.46 + 0.14 * layer
    return [
        int(height * (base + sum(k * sin(tau * n * x / period + p) for n, p, k in waves)))
        for x in range(period)
    ]


def _hill_colors(colors: list[Color]) -> list[Color]:
    dark, low, middle, high, light = colors
    sky = _blend([(0, low), (60, high), (95, light)])[:96]
    sun = _blend([(0, (255, 255, 245)), (15, light)])[:16]
    table = sky + sun
    for layer in range(4):
        crest = _mix(high, dark, (layer + 1) / 4.6)
        table += _blend([(0, crest), (35, _mix(crest, middle, 0.45))])[:36]
    return table


def _enlarged(plane: bytes, small: tuple[int, int], size: tuple[int, int]) -> bytes:
    frame = _gray(plane, small).reformat(*size, format="gray", interpolation="BICUBIC")
    data, line = bytes(frame.planes[0]), frame.planes[0].line_size
    return b"".join(data[y * line : y * line + size[0]] for y in range(size[1]))


def _padded(plane: bytes, width: int, line: int) -> bytes:
    padding = bytes(line - width)
    return b"".join(plane[i : i + width] + padding for i in range(0, len(plane), width))


def _gray(plane: bytes, size: tuple[int, int]) -> av.VideoFrame:
    frame = av.VideoFrame(*size, "gray")
    frame.planes[0].update(_padded(plane, size[0], frame.planes[0].line_size))
    return frame


def _colored(indices: bytes, tables: Tables, size: tuple[int, int]) -> av.VideoFrame:
    frame = av.VideoFrame(*size, "gbrp")
    padded = _padded(indices, size[0], frame.planes[0].line_size)
    for plane, table in zip(frame.planes, tables, strict=True):
        plane.update(padded.translate(table))
    return frame.reformat(format="yuv420p")


def _chord(tones: tuple[int, ...], seconds: float) -> av.AudioFrame:
    second = array("f", (
        0.03 * sum(sin(tau * tone * i / SAMPLES_PER_SECOND) for tone in tones)
        for i in range(SAMPLES_PER_SECOND)
    ))  # fmt: skip
    length = round(seconds * SAMPLES_PER_SECOND)
    samples = (second * (int(seconds) + 1))[:length]
    frame = av.AudioFrame("fltp", "mono", length)
    frame.sample_rate, frame.pts = SAMPLES_PER_SECOND, 0
    frame.planes[0].update(samples.tobytes())
    return frame


def _color(code: str) -> Color:
    red, green, blue = bytes.fromhex(code)
    return red, green, blue


def _mix(one: Color, other: Color, share: float) -> Color:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _blend(stops: list[tuple[int, Color]]) -> list[Color]:
    """256 colours through the stops (position, colour)."""
    table = [
        _mix(one, other, (i - start) / (end - start))
        for (start, one), (end, other) in pairwise(stops)
        for i in range(start, end)
    ]
    return (table + [stops[-1][1]] * 256)[:256]


def _tables(colors: list[Color]) -> Tables:
    reds, greens, blues = (bytes(channel) for channel in zip(*colors, strict=True))
    return greens, blues, reds


if __name__ == "__main__":
    make_clip(Path(sys.argv[1]), seed=int(sys.argv[2]))
