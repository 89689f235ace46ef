"""Videos."""

from api.pack.facts import PageFacts
from api.pack.url import absolute
from idl import core, videomicro


def video(row: videomicro.Video, author: core.User, facts: PageFacts, base: str) -> core.Video:
    """Return one video."""
    return core.Video(
        id=row.id,
        author=author,
        play_url=absolute(base, row.play_url),
        cover_url=absolute(base, row.cover_url),
        favorite_count=facts.likes.videos.get(row.id, 0),
        comment_count=facts.comments.get(row.id, 0),
        is_favorite=row.id in facts.likes.liked,
        title=row.title,
    )
