"""Videos."""

from api.pack.known import Known
from api.pack.url import absolute
from idl import core, videomicro


def video(row: videomicro.Video, author: core.User, known: Known, base: str) -> core.Video:
    """Return one video of videoservice's."""
    return core.Video(
        id=row.id,
        author=author,
        play_url=absolute(base, row.play_url),
        cover_url=absolute(base, row.cover_url),
        favorite_count=known.likes.videos.get(row.id, 0),
        comment_count=known.comments.get(row.id, 0),
        is_favorite=row.id in known.likes.liked,
        title=row.title,
    )
