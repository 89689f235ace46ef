"""Database rows to the contract's structs."""

from collections.abc import Iterable, Mapping

from idl import videomicro
from videomicro.dal.video import VideoRow

NS_PER_MS = 1_000_000
# The next time of an empty page: in the future, so that a caller starts over from the newest video.
_START_OVER_NS = 2**62


def video(row: VideoRow) -> videomicro.Video:
    """Return a video; the services of likes and comments have the counts."""
    return videomicro.Video(
        id=row.id,
        title=row.title,
        author_id=row.author_id,
        play_url=row.play_url,
        cover_url=row.cover_url,
        favorite_count=0,
        comment_count=0,
    )


def videos(rows: Iterable[VideoRow]) -> list[videomicro.Video]:
    """Return videos in the order of their rows."""
    return [video(row) for row in rows]


def counts(by_author: Mapping[int, int]) -> list[videomicro.VideoCount]:
    """Return how many videos each author has."""
    return [videomicro.VideoCount(id=author, count=n) for author, n in by_author.items()]


def before_ms(latest_ns: int) -> int:
    """Return the first millisecond that is not strictly before `latest_ns`."""
    return -(-latest_ns // NS_PER_MS)


def next_ns(rows: list[VideoRow]) -> int:
    """Return when the last video of a page was published; for an empty page a time in the future.

    The field is optional, but callers written for the original service read it without a check.
    """
    return rows[-1].created_ms * NS_PER_MS if rows else _START_OVER_NS
