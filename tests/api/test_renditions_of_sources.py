"""Renditions of all kinds of sources: upright, of ordinary colours, at a capped size and rate."""

from fractions import Fraction
from itertools import pairwise

import av
import pytest

from api.media import MediaWorkers, pipeline, progress
from api.media.choices import Choices

UNIT = 1 << 16
RATE = 24
# How the picture has to be shown, and the matrix that says so (ISO/IEC 14496-12).
MATRICES = {
    "as it is": (UNIT, 0, 0, 0, UNIT, 0, 0, 0, 1 << 30),
    "clockwise": (0, UNIT, 0, -UNIT, 0, 0, 0, 0, 1 << 30),
    "upside down": (-UNIT, 0, 0, 0, -UNIT, 0, 0, 0, 1 << 30),
    "mirrored": (-UNIT, 0, 0, 0, UNIT, 0, 0, 0, 1 << 30),
    "mirrored and turned": (0, UNIT, 0, UNIT, 0, 0, 0, 0, 1 << 30),
}
# Where the bright corner of the source, its top left, is shown: (right?, bottom?).
BRIGHT = {
    "as it is": (False, False),
    "clockwise": (True, False),
    "upside down": (True, True),
    "mirrored": (True, False),
    "mirrored and turned": (False, False),
}


@pytest.fixture
async def workers():
    async with MediaWorkers(timeout_seconds=300, niceness=0) as pool:
        yield pool


def write(
    path, *, codec="libx264", pixels="yuv420p", size=(320, 240), matrix=None, times=range(RATE),
    options=None, kind=None, sound="aac", noise=False,
):  # fmt: skip
    """Write a clip whose top left quarter is bright; `times` are those of its frames, in 1/24 s."""
    width, height = size
    quarter = f"drawbox=0:0:{width // 2}:{height // 2}:white:fill"
    picture = f"color=black:size={width}x{height}:rate={RATE},format=yuv420p,{quarter}"
    if noise:
        picture += ",noise=alls=100:allf=t"
    with (
        av.open(str(path), "w", format=kind) as container,
        av.open(f"{picture},format={pixels}", format="lavfi") as source,
        av.open("sine=sample_rate=48000:duration=1", format="lavfi") as tone,
    ):
        video = container.add_stream(codec, rate=RATE, options=options or {})
        video.width, video.height, video.pix_fmt = width, height, pixels
        if matrix:
            video.set_display_matrix(matrix)
        audio = container.add_stream(sound, rate=48000, layout="stereo") if sound else None
        frames = source.decode(video=0)
        for at in times:
            frame = next(frames)
            frame.pts, frame.time_base, frame.pict_type = at, Fraction(1, RATE), 0
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for samples in tone.decode(audio=0) if audio else ():
            container.mux(audio.encode(samples))
        if audio:
            container.mux(audio.encode(None))


async def rendered(workers, source, folder, level):
    percents = []
    folder.mkdir(parents=True)
    made = await workers.render(source, folder, "ab" * 16, percents.append)
    assert percents == sorted(percents)
    return made.files[f"{level}.mp4"]


def played(path):
    """The frames as players show them, and the streams."""
    with av.open(str(path)) as container:
        kinds = [each.codec_context.name for each in container.streams]
        frames = list(container.decode(video=0))
        assert {frame.format.name for frame in frames} == {"yuv420p"}
        assert frames[0].rotation == 0
        return frames, kinds, container.bit_rate


def is_bright(frame, *, right, bottom):
    plane = frame.planes[0]
    x = frame.width * (3 if right else 1) // 4
    y = frame.height * (3 if bottom else 1) // 4
    return bytes(plane)[y * plane.line_size + x] > 150


@pytest.mark.parametrize("shown", MATRICES)
async def test_a_turned_or_mirrored_video_is_shown_as_it_is_meant(workers, tmp_path, shown):
    source = tmp_path / "source.mp4"
    write(source, matrix=MATRICES[shown], times=range(6), sound=None)
    done = pipeline.process(source, tmp_path, convertible=True)
    assert done.plays_everywhere == ("mirrored" not in shown)
    frames, kinds, _ = played(await rendered(workers, source, tmp_path / "made", "360p"))
    assert kinds == ["h264"]
    size = (240, 320) if "clockwise" in shown or "turned" in shown else (320, 240)
    with av.open(str(done.cover)) as picture:
        pictures = [*picture.decode(video=0), frames[0]]
    for frame in pictures:
        assert (frame.width, frame.height) == size
        for right in (False, True):
            for bottom in (False, True):
                bright = is_bright(frame, right=right, bottom=bottom)
                assert bright == ((right, bottom) == BRIGHT[shown]), (right, bottom)


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("10 bits", {"pixels": "yuv420p10le"}),
        ("4:4:4", {"pixels": "yuv444p"}),
        ("HEVC", {"codec": "libx265", "options": {"x265-params": "log-level=none:pools=1"}}),
        ("VP9", {"codec": "libvpx-vp9", "kind": "webm", "sound": "libopus"}),
        ("odd sides", {"size": (322, 182), "pixels": "yuv444p"}),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
async def test_a_video_of_another_kind_becomes_h264_and_aac(workers, tmp_path, name, made):
    source = tmp_path / "source"
    write(source, **{"kind": "mp4", "times": range(12)} | made)
    assert not pipeline.process(source, tmp_path, convertible=True).plays_everywhere, name
    frames, kinds, _ = played(await rendered(workers, source, tmp_path / "made", "360p"))
    assert kinds == ["h264", "aac"]
    assert len(frames) == 12
    assert is_bright(frames[0], right=False, bottom=False)
    assert not is_bright(frames[0], right=True, bottom=True)


async def test_a_variable_rate_becomes_a_constant_one_of_the_same_duration(workers, tmp_path):
    source = tmp_path / "source.mp4"
    write(source, times=(0, 1, 2, 10, 11, 30, 47), sound=None)
    frames, _, _ = played(await rendered(workers, source, tmp_path / "made", "360p"))
    gaps = {b.time - a.time for a, b in pairwise(frames)}
    assert max(gaps) - min(gaps) < 0.001
    assert abs(frames[-1].time - 2) < 0.15


async def test_a_large_video_of_a_high_rate_is_made_small(workers, tmp_path):
    source = tmp_path / "source.mp4"
    options = {"preset": "ultrafast", "qp": "10"}
    write(source, size=(1920, 1080), noise=True, options=options, times=range(RATE))
    assert source.stat().st_size * 8 > 50_000_000
    assert not pipeline.process(source, tmp_path, convertible=True).plays_everywhere
    folder = tmp_path / "made"
    for level, size in (("720p", (1280, 720)), ("360p", (640, 360))):
        frames, _, _ = played(await rendered(workers, source, folder / level, level))
        assert (frames[0].width, frames[0].height) == size
        path = folder / level / f"{level}.mp4"
        content = path.read_bytes()
        assert content.index(b"moov") < content.index(b"mdat")
        assert len(content) * 8 < 2 * 1.5 * 2_700_000, "a buffer of two seconds, and the rate"


def test_blank_parts_of_a_video_have_no_cover_to_choose_from(tmp_path):
    with av.open("testsrc2=size=640x360:rate=24:duration=1", format="lavfi") as source:
        bright = next(source.decode(video=0)).reformat(format="yuv420p")
    with av.open("color=black:size=640x360:rate=24:duration=1", format="lavfi") as source:
        black = next(source.decode(video=0)).reformat(format="yuv420p")
    choices = Choices(tmp_path, seconds=8, rate=RATE)
    for number in range(8 * RATE):
        # Of the part from 2 to 4 s nothing is seen, of that from 4 to 6 s the last second.
        choices.see(black if 2 * RATE <= number < 5 * RATE else bright)
    assert [path.name for path in choices.paths] == ["cover1.jpg", "cover2.jpg"]
    for path in choices.paths:
        with av.open(str(path)) as picture:
            (frame,) = picture.decode(video=0)
            assert (frame.width, frame.height) == (640, 360)


def test_it_reports_that_it_goes_on_until_all_files_are_written(tmp_path, monkeypatch):
    """A process that others leave little of the machine must not look like one that hangs."""
    monkeypatch.setattr(progress, "_REPORT_SECONDS", 0.0)
    source = tmp_path / "source.mp4"
    write(source, times=range(6))
    reported = []
    packaged = tmp_path / "name.360p.m4s"

    def report(percent):
        reported.append((percent, packaged.exists()))

    pipeline.render(source, tmp_path, "name", progress.ProgressReport(report))
    percents = [percent for percent, _ in reported]
    assert percents == sorted(percents)
    assert len(percents) > len(set(percents))
    assert reported[-1] == (99, True)
