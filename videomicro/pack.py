"""Database rows to the contract's structs."""

from collections.abc import Iterable, Mapping

from idl import videomicro
from microkit.clock import NS_PER_MS
from videomicro.dal.video import VideoRow

# next_time of an empty page: a future time, so that a caller starts over from the newest video.
_START_OVER_NS = 2**62


def video(row: VideoRow) -> videomicro.Video:
    """Return a video; the counts are owned by favoriteservice and commentservice."""
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
    """Return `latest_ns` in milliseconds, rounded up: the RPC contract has nanoseconds, rows ms."""
    return -(-latest_ns // NS_PER_MS)


def next_ns(rows: list[VideoRow]) -> int:
    """Return the time of a page's last video in nanoseconds; a future time if the page is empty.

    The field is optional, but original callers read it without a check.
    """
    return rows[-1].created_ms * NS_PER_MS if rows else _START_OVER_NS
