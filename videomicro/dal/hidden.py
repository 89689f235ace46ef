"""Videos that operators hide.

A hidden video is marked as deleted, so that no other query and no index has to know; a row of its
own tells the two apart. Its objects stay, as those of deleted videos do.
"""

from microkit.errors import NotFound
from microkit.storage.database import Database, Statement, Transaction
from videomicro.dal import titles
from videomicro.dal.model import Hidden, Video
from videomicro.dal.titles import Titled
from videomicro.dal.version import tick

_ROW = Statement(
    lambda video: Video.select(Video.id, Video.created_ms, Video.title, Video.deleted).where(
        Video.id == video
    )
)
_HIDDEN = Statement(lambda video: Hidden.select().where(Hidden.video_id == video))
_MARK = Statement(lambda video, changes: Video.update(deleted=changes).where(Video.id == video))
_SHOW = Statement(lambda video: Hidden.delete().where(Hidden.video_id == video))


def forget(transaction: Transaction, video_id: int) -> None:
    """Forget that a video is hidden, because it is removed for good."""
    transaction.write(_SHOW(video=video_id))


class HiddenVideos:
    """The hidden videos of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def hide(self, video_id: int) -> None:
        """Hide a video; one that is hidden stays hidden.

        Raises:
            NotFound: there is no such video.
        """

        def change(transaction: Transaction) -> None:
            tick(transaction, changes=1)
            rows = transaction.rows(_ROW(video=video_id))
            if transaction.rows(_HIDDEN(video=video_id)):
                return
            if not rows or rows[0][-1]:
                raise NotFound("视频不存在")
            transaction.write(Hidden.insert(video_id=video_id))
            transaction.write(_MARK(video=video_id, changes=True))
            titles.remove(transaction, Titled(*rows[0][:-1]))

        await self._database.transaction(change)

    async def show(self, video_id: int) -> None:
        """Show a hidden video again; nothing happens if it is not hidden."""

        def change(transaction: Transaction) -> None:
            tick(transaction, changes=1)
            if not transaction.write(_SHOW(video=video_id)).rowcount:
                return
            transaction.write(_MARK(video=video_id, changes=False))
            rows = transaction.rows(_ROW(video=video_id))
            titles.add(transaction, (Titled(*row[:-1]) for row in rows))

        await self._database.transaction(change)
