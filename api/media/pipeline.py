"""The processing of one upload. Runs in the child process only."""

from pathlib import Path

import av

from api.media.cover import choose_frame, save_cover, shown_size
from api.media.faststart import faststart
from api.media.messages import Processed
from api.media.probe import MP4, describe, duration_seconds, open_video, sniff, video_stream
from microkit.errors import ParamError


def process(source: Path, folder: Path) -> Processed:
    """Check the video and make, in `folder`, its cover and if needed a copy to store.

    Raises:
        ParamError: the file is not a playable video.
    """
    fast, cover = folder / "faststart.mp4", folder / "cover.jpg"
    moved = sniff(source) is MP4 and faststart(source, fast)
    try:
        with open_video(source) as container:
            stream = video_stream(container)
            seconds = duration_seconds(container, stream)
            frame = choose_frame(container, stream, seconds)
            save_cover(frame, stream, cover)
            probe = describe(source, shown_size(frame, stream), seconds)
    except av.FFmpegError as error:
        raise ParamError("无法处理该视频，文件可能已损坏") from error
    return Processed(video=fast if moved else source, cover=cover, probe=probe)
