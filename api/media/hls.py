"""HLS of finished renditions: fragments in one file each, playlists, a master playlist.

One file per level, whose segments are byte ranges: the number of objects of a video is fixed. Runs
in the child process only.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import av

from api.media.ladder import Level
from api.media.progress import ProgressReport

_SEGMENT_SECONDS: Final = 4


class Packaged(NamedTuple):
    """The playlist and the fragments of a level, and its line in the master playlist."""

    playlist: Path
    fragments: Path
    variant: str


def package(level: Level, mp4: Path, name: str, progress: ProgressReport) -> Packaged:
    """Write the playlist `NAME.LEVEL.m3u8` and the fragments `NAME.LEVEL.m4s` beside the MP4."""
    playlist = mp4.with_name(f"{name}.{level.name}.m3u8")
    fragments = mp4.with_name(f"{name}.{level.name}.m4s")
    options = {
        "hls_time": str(_SEGMENT_SECONDS), "hls_playlist_type": "vod",
        "hls_segment_type": "fmp4", "hls_flags": "single_file",
        "hls_segment_filename": str(fragments),
    }  # fmt: skip
    with (
        av.open(str(mp4)) as source,
        av.open(str(playlist), "w", format="hls", options=options) as target,
    ):
        streams = {each: target.add_stream_from_template(each) for each in source.streams}
        for packet in source.demux(*streams):
            if packet.dts is not None:
                packet.stream = streams[packet.stream]
                target.mux(packet)
            progress.go_on()
        video = source.streams.video[0]
        size = f"{video.width}x{video.height}"
        rate = float(video.average_rate or 0)
        codecs = ",".join(["mp4a.40.2"] * len(source.streams.audio))
        extradata = bytes(video.codec_context.extradata or b"")
    h264 = f"avc1.{extradata[1:4].hex()}"
    peak = (level.kbit + level.audio_kbit) * 1100  # bit/s, containers included
    return Packaged(
        playlist,
        fragments,
        f"#EXT-X-STREAM-INF:BANDWIDTH={peak},RESOLUTION={size},FRAME-RATE={rate:.3f},"
        f'CODECS="{",".join(filter(None, (h264, codecs)))}"\n{playlist.name}\n',
    )


def write_master(path: Path, packaged: Sequence[Packaged]) -> None:
    """Write the playlist that names the levels, the best one first."""
    variants = "".join(each.variant for each in reversed(packaged))
    path.write_text(f"#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n{variants}")
