"""Removals: processes of the API claim them here, and remove what depends on a removed video.

A removal has two rounds. Other services know the author of a video for up to a minute: what they
write in that time for a video that is gone already is removed in the second round.
"""

from typing import Final, NamedTuple

from microkit.clock import now_ms
from microkit.errors import NotFound
from microkit.storage.database import Database, Statement, Transaction
from microkit.storage.index import Indexed
from videomicro.dal import cover, hidden, rendition, titles
from videomicro.dal.model import Removal, Video
from videomicro.dal.titles import Titled
from videomicro.dal.version import tick

_SETTLE_MS: Final = 120_000
_CLAIMED: Final = 8  # rows that a claim looks at, of which others may claim some meanwhile


class RemovalRow(NamedTuple):
    """A removal that is leased to its caller."""

    video_id: int
    author_id: int
    keys: str
    round: int


_COLUMNS = [getattr(Removal, name) for name in RemovalRow._fields]
_VIDEO = Statement(
    lambda video: Video.select(
        Video.author_id,
        Video.deleted,
        Video.created_ms,
        Video.title,
        Video.play_url,
        Video.cover_url,
        Video.hls_url,
    ).where(Video.id == video)
)
# The row stays, so that its id is never given again. What it referred to may go.
_EMPTY = Statement(
    lambda video, author: Video.update(
        deleted=True, title="", play_url="", cover_url="", hls_url=""
    ).where(Video.id == video, Video.author_id == author)
)
_INSERT = Statement(
    lambda video_id, author_id, keys, due_ms: Removal.insert(
        video_id=video_id, author_id=author_id, keys=keys, due_ms=due_ms
    )
)
_BY_ID = Statement(lambda video: Removal.select(*_COLUMNS).where(Removal.video_id == video))
_DUE = Statement(
    lambda before, limit: (
        Removal.select(*_COLUMNS, Removal.due_ms)
        .from_(Indexed(Removal, "removal_due_ms"))
        .where(Removal.due_ms < before)
        .order_by(Removal.due_ms)
        .limit(limit)
    )
)
_LEASE = Statement(
    lambda video, due_ms, next_ms: Removal.update(due_ms=next_ms).where(
        Removal.video_id == video, Removal.due_ms == due_ms
    )
)
_NEXT_ROUND = Statement(
    lambda video, next_ms: Removal.update(round=1, due_ms=next_ms).where(
        Removal.video_id == video, Removal.round == 0
    )
)
_DONE = Statement(
    lambda video: Removal.delete().where(Removal.video_id == video, Removal.round == 1)
)


class Removals:
    """The removals of one database.

    Args:
        database: the database.
        settle_ms: the time from the end of the first round to the second.
    """

    def __init__(self, database: Database, settle_ms: int = _SETTLE_MS) -> None:
        self._database = database
        self._settle_ms = settle_ms

    async def remove(self, video_id: int, author_id: int, lease_ms: int) -> RemovalRow | None:
        """Remove an author's video; the caller has the lease of what is left to remove.

        Returns:
            None if nothing is left: the video was removed before.

        Raises:
            NotFound: the author has no such video.
        """

        def remove(transaction: Transaction) -> RemovalRow | None:
            tick(transaction, changes=1)
            found = transaction.rows(_VIDEO(video=video_id))
            if not found or found[0][0] != author_id:
                raise NotFound("视频不存在")
            _, deleted, created_ms, title, *urls = found[0]
            if deleted and not any(urls):
                left = transaction.rows(_BY_ID(video=video_id))
                return RemovalRow(*left[0]) if left else None
            referred = dict.fromkeys((*urls, *cover.take(transaction, video_id)))
            keys = "\n".join(filter(None, referred))
            transaction.write(_EMPTY(video=video_id, author=author_id))
            transaction.write(rendition.DROP(video=video_id))
            titles.remove(transaction, Titled(video_id, created_ms, title))
            hidden.forget(transaction, video_id)
            due_ms = now_ms() + lease_ms
            insert = _INSERT(video_id=video_id, author_id=author_id, keys=keys, due_ms=due_ms)
            transaction.write(insert)
            return RemovalRow(video_id, author_id, keys, 0)

        return await self._database.transaction(remove)

    async def claim(self, lease_ms: int) -> RemovalRow | None:
        """Return a removal that is due and is now leased to the caller; None if there is none."""
        now = now_ms()
        for *row, due_ms in await self._database.rows(_DUE(before=now, limit=_CLAIMED)):
            lease = _LEASE(video=row[0], due_ms=due_ms, next_ms=now + lease_ms)
            if (await self._database.write(lease)).rowcount:
                return RemovalRow(*row)
        return None

    async def finish(self, video_id: int, done_round: int) -> None:
        """End a round of a removal; no effect if it has ended before."""
        if done_round:
            await self._database.write(_DONE(video=video_id))
        else:
            next_ms = now_ms() + self._settle_ms
            await self._database.write(_NEXT_ROUND(video=video_id, next_ms=next_ms))
