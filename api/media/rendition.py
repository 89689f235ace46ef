"""Renditions: MP4s of H.264 and AAC that every phone plays. Runs in the child process only.

The video is decoded once. One filter graph turns, scales and paces its frames for all levels, so
that rotated, mirrored, 10-bit and variable-rate sources become plain pictures at a constant rate.
"""

import itertools
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final, NamedTuple

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.filter import Graph
from av.filter.context import FilterContext
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from api.media.choices import Choices
from api.media.cover import shown_size
from api.media.filters import entry
from api.media.ladder import Level, fitted, levels
from api.media.orientation import swaps_sides, upright
from api.media.probe import check_size, duration_seconds, open_video, video_stream
from api.media.progress import ProgressReport
from microkit.errors import ParamError

MAX_SECONDS: Final = 3600.0
KEY_SECONDS: Final = 2  # a key frame each, so that segments of all levels begin at the same times
_MAX_RATE: Final = Fraction(30)
_MIN_RATE: Final = Fraction(10)
_SAMPLES: Final = 48_000
_AAC_FRAME: Final = 1024
_BT2020: Final = 9  # the primaries of HDR and other wide-gamut videos (ITU-T H.273)
_SPARE_SECONDS: Final = 5  # frames beyond the duration by more than this are dropped


class Made(NamedTuple):
    """An MP4 of each level, its index in front, the best one last; and covers to choose from."""

    levels: Sequence[tuple[Level, Path]]
    covers: Sequence[Path]


def make_renditions(source: Path, folder: Path, progress: ProgressReport) -> Made:
    """Write the MP4s and covers of a video to `folder`.

    Raises:
        ParamError: the video cannot be decoded, or is too long.
    """
    with open_video(source, hevc=True) as container:
        video = video_stream(container, hevc=True)
        seconds = duration_seconds(container, video)
        if seconds > MAX_SECONDS:
            raise ParamError("视频过长，无法转码")
        work = _Work(container, video, seconds, folder)
        try:
            work.run(progress)
        finally:
            work.close()
        return Made([(each.level, each.path) for each in work.outputs], work.choices.paths)


class _Output:
    """One MP4 that is being written."""

    def __init__(
        self, level: Level, path: Path, size: tuple[int, int], rate: Fraction, *, sound: bool
    ) -> None:
        self.level = level
        self.path = path
        self.container: OutputContainer = av.open(
            str(path), "w", format="mp4", options={"movflags": "+faststart"}
        )
        every = str(round(rate * KEY_SECONDS))
        options = {
            "preset": "veryfast", "profile": "main", "crf": "23", "threads": "1",
            "maxrate": f"{level.kbit}k", "bufsize": f"{2 * level.kbit}k",
            "g": every, "keyint_min": every, "sc_threshold": "0",
        }  # fmt: skip
        self.video = self.container.add_stream("libx264", rate=rate, options=options)
        self.video.width, self.video.height, self.video.pix_fmt = *size, "yuv420p"
        self.audio: AudioStream | None = None
        if sound:
            self.audio = self.container.add_stream("aac", rate=_SAMPLES, layout="stereo")
            self.audio.bit_rate = level.audio_kbit * 1000

    def finish(self) -> None:
        """Write what the encoders hold back, and the index."""
        self.container.mux(self.video.encode(None))
        if self.audio is not None:
            self.container.mux(self.audio.encode(None))
        self.container.close()


class _Work:
    """The renditions of one video."""

    def __init__(
        self, container: InputContainer, video: VideoStream, seconds: float, folder: Path
    ) -> None:
        self._container = container
        self._video = video
        self._audio = _audio_stream(container)
        self._seconds = seconds
        self._folder = folder
        self._start = Fraction(container.start_time or 0, av.time_base)
        self._rate = _rate(video)
        self._most = round((seconds + _SPARE_SECONDS) * self._rate)
        self._resampler = AudioResampler("fltp", "stereo", _SAMPLES, _AAC_FRAME)
        self._graph: Graph | None = None
        self._sinks: list[FilterContext] = []
        self._written = 0
        self.choices = Choices(folder, seconds, float(self._rate))
        self.outputs: list[_Output] = []

    def run(self, progress: ProgressReport) -> None:
        """Decode, and encode every level."""
        for packet in self._container.demux([s for s in (self._video, self._audio) if s]):
            try:
                frames = packet.decode()
            except FFmpegError:
                continue  # a damaged part is left out
            for frame in frames:
                if isinstance(frame, VideoFrame):
                    self._show(frame)
                elif isinstance(frame, AudioFrame):
                    self._sound(frame)
            progress.reach(self._written / self._rate / self._seconds)
            if self._written > self._most:
                break  # its times are nonsense from here on
        if self._graph is None:
            raise ParamError("视频画面无法解码，文件可能已损坏")
        self._graph.vpush(None)
        self._pull()
        self._sound(None)
        for output in self.outputs:
            output.finish()
            progress.reach(1)

    def close(self) -> None:
        """Close the files; has no effect on finished ones."""
        for output in self.outputs:
            output.container.close()

    def _show(self, frame: VideoFrame) -> None:
        check_size(frame.width, frame.height)
        if frame.pts is None:
            return
        if self._graph is None:
            self._open(frame)
        elif (frame.width, frame.height, frame.format.name) != self._shape:
            frame = frame.reformat(*self._shape)
        self._shift(frame)
        assert self._graph is not None  # noqa: S101  # _open has set it
        self._graph.vpush(frame)
        self._pull()

    def _open(self, frame: VideoFrame) -> None:
        """Open the outputs and the graph, now that the first frame shows how it is meant."""
        self._shape = frame.width, frame.height, frame.format.name
        size = shown_size(frame, self._video)
        for level in levels(size):
            path = self._folder / f"{level.name}.mp4"
            fit = fitted(size, level)
            sound = self._audio is not None
            self.outputs.append(_Output(level, path, fit, self._rate, sound=sound))
        self._graph, self._sinks = _graph(
            frame, self._rate, [(o.video.width, o.video.height) for o in self.outputs]
        )

    def _shift(self, frame: VideoFrame | AudioFrame) -> None:
        """Have the file begin at time 0."""
        if frame.pts is not None and frame.time_base:
            frame.pts -= round(self._start / frame.time_base)

    def _pull(self) -> None:
        for number, (sink, output) in enumerate(zip(self._sinks, self.outputs, strict=True)):
            while True:
                try:
                    frame = sink.pull()
                except (BlockingIOError, EOFError):
                    break
                assert isinstance(frame, VideoFrame)  # noqa: S101  # the graph has no other kind
                self._written += number == 0
                if output is self.outputs[-1]:
                    self.choices.see(frame)
                frame.pict_type = PictureType.NONE  # else the encoder copies that of the source
                output.container.mux(output.video.encode(frame))

    def _sound(self, samples: AudioFrame | None) -> None:
        if self._audio is None or not self.outputs:
            return  # sound before the first picture is left out
        if samples is not None:
            self._shift(samples)
        for resampled in self._resampler.resample(samples):
            for output in self.outputs:
                if output.audio is not None:
                    output.container.mux(output.audio.encode(resampled))


def _audio_stream(container: InputContainer) -> AudioStream | None:
    """Return the main sound that can be decoded."""
    for stream in container.streams.audio:
        if stream.codec_context is not None:
            return stream
    return None


def _rate(video: VideoStream) -> Fraction:
    rate = video.average_rate or video.guessed_rate or _MAX_RATE
    return min(_MAX_RATE, max(_MIN_RATE, rate)).limit_denominator(1001)


def _graph(
    frame: VideoFrame, rate: Fraction, sizes: Sequence[tuple[int, int]]
) -> tuple[Graph, list[FilterContext]]:
    """Return a graph from the source to a sink for each size, the largest of which is last."""
    graph = Graph()
    width, height = sizes[-1]
    if swaps_sides(frame):
        width, height = height, width
    chain = [
        entry(graph, frame),
        graph.add("fps", f"fps={rate.numerator}/{rate.denominator}"),
        graph.add("scale", f"{width}:{height}:flags=bicubic"),
        *_colours(graph, frame),
        *(graph.add(name, arguments) for name, arguments in upright(frame)),
        graph.add("setsar", "1"),
        graph.add("format", "yuv420p"),
        graph.add("split", str(len(sizes))),
    ]
    for first, second in itertools.pairwise(chain):
        first.link_to(second)
    sinks = []
    for number, (wide, high) in enumerate(sizes):
        scaled = graph.add("scale", f"{wide}:{high}:flags=bicubic")
        sink = graph.add("buffersink")
        chain[-1].link_to(scaled, number, 0)
        scaled.link_to(sink)
        sinks.append(sink)
    graph.configure()
    return graph, sinks


def _colours(graph: Graph, frame: VideoFrame) -> list[FilterContext]:
    """Return the conversion of wide-gamut colours to those that every screen shows.

    HLG, which phones record, is made to look right when it is taken for BT.2020.
    """
    if frame.color_primaries != _BT2020:
        return []
    return [
        graph.add("format", "yuv420p10"),
        graph.add("colorspace", "all=bt709:iall=bt2020:format=yuv420p"),
    ]
