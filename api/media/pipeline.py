"""The processing of one upload. Runs in the child process only."""

import shutil
from pathlib import Path

import av

from api.media.cover import choose_frame, save_cover, shown_size
from api.media.faststart import faststart
from api.media.messages import Processed
from api.media.metadata import blank, find_metadata
from api.media.probe import MP4, describe, duration_seconds, open_video, sniff, video_stream
from microkit.errors import ParamError


def process(source: Path, folder: Path) -> Processed:
    """Check the video and write its cover, and a copy to store if needed, to `folder`.

    A stored MP4 has its index in front and no private metadata.

    Raises:
        ParamError: the file is not a playable video.
    """
    cover = folder / "cover.jpg"
    stored = _prepared(source, folder / "stored.mp4") if sniff(source) is MP4 else source
    try:
        with open_video(source) as container:
            stream = video_stream(container)
            seconds = duration_seconds(container, stream)
            frame = choose_frame(container, stream, seconds)
            save_cover(frame, stream, cover)
            probe = describe(source, shown_size(frame, stream), seconds)
    except av.FFmpegError as error:
        raise ParamError("无法处理该视频，文件可能已损坏") from error
    return Processed(video=stored, cover=cover, probe=probe)


def _prepared(source: Path, copy: Path) -> Path:
    """Return an MP4 with its index in front and no metadata: `source` if it is one, else `copy`."""
    stored = copy if faststart(source, copy) else source
    if found := find_metadata(stored):
        if stored is source:
            shutil.copyfile(source, copy)
        blank(copy, found)
        return copy
    return stored
