"""Videos."""

import functools
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from api.pack.facts import PageFacts
from api.pack.splice import HOLE, pieces
from api.pack.url import absolute
from idl import core, videomicro

_KEPT: Final = 5_000


class VideoItem(NamedTuple):
    """A video of videoservice."""

    id: int
    title: str
    author_id: int
    play_url: str
    cover_url: str
    hls_url: str = ""

    @classmethod
    def of(cls, video: videomicro.Video) -> "VideoItem":
        """Return the row of a struct; its counts are always 0."""
        return cls(
            video.id,
            video.title,
            video.author_id,
            video.play_url,
            video.cover_url,
            video.hls_url or "",
        )


def videos(rows: Sequence[VideoItem], facts: PageFacts, base: str) -> list[bytes]:
    """Return the JSON of videos, without those of users of whom the viewer sees nothing."""
    if unseen := facts.unseen:
        rows = [row for row in rows if row.author_id not in unseen]
    users, followed, liked = facts.shared.users(base), facts.followed, facts.liked
    likes, comments = facts.shared.likes, facts.shared.comments
    packed = []
    for row in rows:
        head, middle, tail = _pieces(base, row, likes.get(row.id, 0), comments.get(row.id, 0))
        author = users[row.author_id][row.author_id in followed]
        is_favorite = b"true" if row.id in liked else b"false"
        packed.append(b"%b%b%b%b%b" % (head, author, middle, is_favorite, tail))
    return packed


def processing(pending: Iterable[videomicro.PendingVideo], base: str) -> list[core.ProcessingVideo]:
    """Return an author's videos that are not published yet."""
    return [
        core.ProcessingVideo(
            id=each.id,
            title=each.title,
            cover_url=absolute(base, each.cover_url),
            progress=each.progress,
            failed=each.failed,
        )
        for each in pending
    ]


def covers(keys: Iterable[str], chosen: int, base: str) -> list[core.Cover]:
    """Return the covers of a video; `chosen` is the position of the one that everybody sees."""
    return [
        core.Cover(cover_url=absolute(base, key), chosen=number == chosen)
        for number, key in enumerate(keys)
    ]


@functools.lru_cache(_KEPT)
def _pieces(base: str, row: VideoItem, likes: int, comments: int) -> list[bytes]:
    """Return a video's JSON without its author and `is_favorite`.

    A kept result is never stale: everything that it shows is an argument.
    """
    return pieces(
        core.Video(
            id=row.id,
            author=HOLE,
            play_url=absolute(base, row.play_url),
            cover_url=absolute(base, row.cover_url),
            favorite_count=likes,
            comment_count=comments,
            is_favorite=HOLE,
            title=row.title,
            hls_url=absolute(base, row.hls_url) or None,
        )
    )
