"""The processing of one upload. Runs in the child process only."""

import shutil
from pathlib import Path

import av

from api.media.cover import choose_frame, save_cover, shown_size
from api.media.faststart import faststart
from api.media.hls import package, write_master
from api.media.messages import Processed, Rendered
from api.media.metadata import blank, find_metadata
from api.media.playable import plays_everywhere
from api.media.probe import MP4, describe, duration_seconds, open_video, sniff, video_stream
from api.media.progress import ProgressReport
from api.media.rendition import MAX_SECONDS, make_renditions
from microkit.errors import ParamError


def process(source: Path, folder: Path, *, convertible: bool = False) -> Processed:
    """Check the video and write its cover, and a copy to store if needed, to `folder`.

    A stored MP4 has its index in front and no private metadata. `convertible`: it need not be of a
    codec that is played everywhere.

    Raises:
        ParamError: the file is not a playable video.
    """
    cover = folder / "cover.jpg"
    stored = _prepared(source, folder / "stored.mp4") if sniff(source) is MP4 else source
    try:
        with open_video(source, hevc=convertible) as container:
            stream = video_stream(container, hevc=convertible)
            seconds = duration_seconds(container, stream)
            frame = choose_frame(container, stream, seconds)
            save_cover(frame, stream, cover)
            probe = describe(
                source, shown_size(frame, stream), seconds, stream.codec.canonical_name
            )
            playable = plays_everywhere(container, stream, frame)
            if convertible and not playable and seconds > MAX_SECONDS:
                raise ParamError("视频过长，请上传 60 分钟以内的视频，或先转为 H.264 的 MP4")
    except av.FFmpegError as error:
        raise ParamError("无法处理该视频，文件可能已损坏") from error
    return Processed(video=stored, cover=cover, probe=probe, plays_everywhere=playable)


def render(source: Path, folder: Path, name: str, progress: ProgressReport) -> Rendered:
    """Write the renditions of a video to `folder`, with names that begin with `name`.

    Raises:
        ParamError: the video cannot be decoded, or is too long.
    """
    try:
        made = make_renditions(source, folder, progress)
        packaged = [package(level, mp4, name, progress) for level, mp4 in made.levels]
    except av.FFmpegError as error:
        raise ParamError("无法转码该视频，文件可能已损坏") from error
    master = folder / f"{name}.m3u8"
    write_master(master, packaged)
    files = {"m3u8": master} | {f"{level.name}.mp4": mp4 for level, mp4 in made.levels}
    for each in packaged:
        for path in (each.playlist, each.fragments):
            files[path.name.removeprefix(f"{name}.")] = path
    return Rendered(files, play=f"{made.levels[-1][0].name}.mp4", covers=list(made.covers))


def _prepared(source: Path, copy: Path) -> Path:
    """Return an MP4 with its index in front and no metadata: `source` if it is one, else `copy`."""
    stored = copy if faststart(source, copy) else source
    if found := find_metadata(stored):
        if stored is source:
            shutil.copyfile(source, copy)
        blank(copy, found)
        return copy
    return stored
