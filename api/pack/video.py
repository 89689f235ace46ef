"""Videos."""

from collections.abc import Mapping
from typing import NamedTuple

from api.pack.url import absolute
from idl import core, videomicro


class Counted(NamedTuple):
    """What the services know of videos, by video id; what is missing counts as zero."""

    likes: Mapping[int, int]
    liked: Mapping[int, bool]
    comments: Mapping[int, int]


def video(row: videomicro.Video, author: core.User, counted: Counted, base: str) -> core.Video:
    """Return one video of videoservice's."""
    return core.Video(
        id=row.id,
        author=author,
        play_url=absolute(base, row.play_url),
        cover_url=absolute(base, row.cover_url),
        favorite_count=counted.likes.get(row.id, 0),
        comment_count=counted.comments.get(row.id, 0),
        is_favorite=counted.liked.get(row.id, False),
        title=row.title,
    )
