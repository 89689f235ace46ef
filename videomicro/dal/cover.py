"""The covers that authors choose from.

A video without rows has one cover, that of its own row. Rows are added with the renditions, the
first of them for the cover that the video has by then, so that no choice loses another one.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from microkit.errors import NotFound, ParamError
from microkit.storage.database import Database, Statement, Transaction
from videomicro.dal.model import Cover, Video
from videomicro.dal.version import tick

MAX_COVERS: Final = 3  # besides the first one
_MAX_KEY: Final = 128  # characters: a removal notes the keys of all covers

# The numbers make it a range of the primary key.
_NUMBERS = Cover.number.between(0, MAX_COVERS)
_OF_VIDEO = Statement(
    lambda video: (
        Cover.select(Cover.cover_url)
        .where(Cover.video_id == video, _NUMBERS)
        .order_by(Cover.number)
    )
)
_VIDEO = Statement(
    lambda video: Video.select(Video.author_id, Video.cover_url).where(Video.id == video)
)
_DROP = Statement(lambda video: Cover.delete().where(Cover.video_id == video, _NUMBERS))
_CHOOSE = Statement(
    lambda video, author, cover_url: Video.update(cover_url=cover_url).where(
        Video.id == video, Video.author_id == author
    )
)


class Choice(NamedTuple):
    """The covers of a video, and the position of the one that everybody sees."""

    covers: list[str]
    chosen: int


def check(covers: Sequence[str]) -> None:
    """Check new covers.

    Raises:
        ParamError: there are too many, or a key is too long.
    """
    if len(covers) > MAX_COVERS:
        raise ParamError(f"最多 {MAX_COVERS} 个封面")
    if not all(1 <= len(key) <= _MAX_KEY for key in covers):
        raise ParamError(f"封面的键应为 1 到 {_MAX_KEY} 个字符")


def add(transaction: Transaction, video_id: int, covers: Sequence[str]) -> None:
    """Add covers to choose from, after the one that the video has."""
    if not covers:
        return
    ((_, first),) = transaction.rows(_VIDEO(video=video_id))
    transaction.write(
        Cover.insert_many(
            {"video_id": video_id, "number": number, "cover_url": key}
            for number, key in enumerate((first, *covers))
        )
    )


def take(transaction: Transaction, video_id: int) -> list[str]:
    """Remove the covers of a video and return their keys."""
    covers = [key for (key,) in transaction.rows(_OF_VIDEO(video=video_id))]
    transaction.write(_DROP(video=video_id))
    return covers


class Covers:
    """The covers of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, video_id: int, author_id: int) -> Choice:
        """Return the covers of an author's video.

        Raises:
            NotFound: the author has no such video.
        """
        found = await self._database.rows(_VIDEO(video=video_id))
        shown = _shown(found, author_id)
        covers = [key for (key,) in await self._database.rows(_OF_VIDEO(video=video_id))]
        # Another one may have been chosen between the two reads.
        return Choice(covers or [shown], covers.index(shown) if shown in covers else 0)

    async def choose(self, video_id: int, author_id: int, number: int) -> None:
        """Make a cover of an author's video the one that everybody sees.

        Raises:
            NotFound: the author has no such video.
            ParamError: it has no such cover.
        """

        def choose(transaction: Transaction) -> None:
            tick(transaction, changes=1)
            shown = _shown(transaction.rows(_VIDEO(video=video_id)), author_id)
            covers = [key for (key,) in transaction.rows(_OF_VIDEO(video=video_id))] or [shown]
            if number >= len(covers):
                raise ParamError("没有这个封面")
            transaction.write(_CHOOSE(video=video_id, author=author_id, cover_url=covers[number]))

        await self._database.transaction(choose)


def _shown(found: Sequence[tuple[int, str]], author_id: int) -> str:
    """Return the cover in the row of an author's video; that of a removed one is empty."""
    for author, shown in found:
        if author == author_id and shown:
            return shown
    raise NotFound("视频不存在")
