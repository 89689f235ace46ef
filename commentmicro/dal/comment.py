"""Queries of comments."""

import asyncio
import functools
from collections.abc import AsyncIterator, Iterable
from typing import Any, Final, NamedTuple

from peewee import Field, fn

from commentmicro.dal.model import Comment, CommentCount
from microkit.batch import BatchLoader, SingleFlight
from microkit.clock import now_ms
from microkit.errors import NotFound
from microkit.paging import Page, cut
from microkit.storage.database import Database, Statement, Transaction
from microkit.storage.index import Indexed

_PAGE: Final = 500
_FORGOTTEN: Final = 500  # comments that one call of `forget` removes


class CommentRow(NamedTuple):
    """A comment that is not deleted."""

    id: int
    video_id: int
    user_id: int
    content: str
    created_ms: int


PageKey = tuple[int, int, int]
"""A page of a video's comments: the video's id, the cursor, the maximum of items."""
Row = tuple[Any, ...]
"""A CommentRow as the database returns it: cheaper where there are many."""

_COLUMNS = [getattr(Comment, name) for name in CommentRow._fields]
_LIVE = Comment.select(*_COLUMNS).where(Comment.deleted == False)  # noqa: E712 - SQL's
_BY_ID = Statement(lambda comment: _LIVE.where(Comment.id == comment))
_BY_VIDEO = Statement(
    lambda video, below, limit: (
        _LIVE.from_(Indexed(Comment, "comment_video_id_deleted_id"))
        .where(Comment.video_id == video, Comment.id < below)
        .order_by(Comment.id.desc())
        .limit(limit)
    )
)
_COUNTS = Statement(
    lambda videos: CommentCount.select(CommentCount.video_id, CommentCount.count).where(
        CommentCount.video_id.in_(videos)
    )
)
_VERSIONS = Statement(
    lambda videos: CommentCount.select(CommentCount.video_id, CommentCount.version).where(
        CommentCount.video_id.in_(videos)
    )
)
_VERSION = Statement(
    lambda video: CommentCount.select(CommentCount.version).where(CommentCount.video_id == video)
)
_COUNT_PAGE = Statement(
    lambda after, limit: (
        CommentCount.select(CommentCount.video_id, CommentCount.count)
        .where(CommentCount.video_id > after)
        .order_by(CommentCount.video_id)
        .limit(limit)
    )
)
_COMMENTED_PAGE = Statement(
    lambda after, limit: (
        Comment.select(Comment.video_id)
        .distinct()
        .where(Comment.video_id > after)
        .order_by(Comment.video_id)
        .limit(limit)
    )
)
_LIVE_COUNT = Statement(
    lambda video: Comment.select(fn.COUNT(Comment.id)).where(
        Comment.video_id == video,
        Comment.deleted == False,  # noqa: E712 - SQL's
    )
)
_INSERT = Statement(
    lambda video_id, user_id, content, created_ms: Comment.insert(
        video_id=video_id, user_id=user_id, content=content, created_ms=created_ms
    )
)
_DELETE = Statement(
    lambda comment, video: Comment.update(deleted=True).where(
        Comment.id == comment,
        Comment.video_id == video,  # whose shard has the row: docs/scale.md
        Comment.deleted == False,  # noqa: E712 - SQL's
    )
)
_OF_VIDEO = Statement(
    lambda video, after, limit: (
        Comment.select(Comment.id, Comment.deleted)
        .from_(Indexed(Comment, "comment_video_id_deleted_id"))
        .where(Comment.video_id == video, Comment.deleted.in_([False, True]), Comment.id > after)
        .limit(limit)
    )
)
# With every column of the index: by its first one alone, SQLite reads all comments of the video.
_REMOVE = Statement(
    lambda video, ids: Comment.delete().where(
        Comment.video_id == video, Comment.deleted.in_([False, True]), Comment.id.in_(ids)
    )
)
_REMOVE_COUNT = Statement(
    lambda video: CommentCount.delete().where(
        CommentCount.video_id == video, CommentCount.count == 0
    )
)


def _change_count(target: list[Field] | None) -> Statement:
    return Statement(
        lambda video, by: CommentCount.insert(video_id=video, count=by, version=1).on_conflict(
            conflict_target=target,
            update={
                CommentCount.count: CommentCount.count + by,
                CommentCount.version: CommentCount.version + 1,
            },
        )
    )


# MySQL has no conflict target: it checks every unique key.
_CHANGE_COUNT = {"sqlite": _change_count([CommentCount.video_id]), "mysql": _change_count(None)}


class Comments:
    """The comments of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._change_count = _CHANGE_COUNT[database.engine]
        self._counts: BatchLoader[int, int] = BatchLoader(self._load_counts)
        self._versions: BatchLoader[int, int] = BatchLoader(self._load_versions)
        self._pages: SingleFlight[PageKey, Page[CommentRow]] = SingleFlight(self._load_page)

    async def publish(self, user_id: int, video_id: int, content: str) -> CommentRow:
        """Store a comment and return it."""
        created_ms = now_ms()
        row = _INSERT(video_id=video_id, user_id=user_id, content=content, created_ms=created_ms)

        def insert(transaction: Transaction) -> int:
            # Lock the counter row first: in MySQL, others wait instead of deadlocking.
            transaction.write(self._change_count(video=video_id, by=1))
            return transaction.write(row).lastrowid

        comment_id = await self._database.transaction(insert)
        return CommentRow(comment_id, video_id, user_id, content, created_ms)

    async def by_id(self, comment_id: int) -> CommentRow:
        """Return one comment.

        Raises:
            NotFound: there is no such comment.
        """
        rows = await self._database.rows(_BY_ID(comment=comment_id))
        if not rows:
            raise NotFound("评论不存在")
        return CommentRow(*rows[0])

    async def delete(self, row: CommentRow) -> None:
        """Delete a comment; the row stays, marked as deleted.

        Raises:
            NotFound: it was deleted concurrently.
        """

        def mark(transaction: Transaction) -> None:
            transaction.write(self._change_count(video=row.video_id, by=-1))
            if not transaction.write(_DELETE(comment=row.id, video=row.video_id)).rowcount:
                raise NotFound("评论不存在")

        await self._database.transaction(mark)

    async def forget(self, video_id: int) -> tuple[int, bool]:
        """Remove comments of a deleted video.

        Returns:
            how many of them were not deleted before, and whether more may be left.
        """

        def remove(transaction: Transaction) -> tuple[int, bool]:
            transaction.write(self._change_count(video=video_id, by=0))
            rows = transaction.rows(_OF_VIDEO(video=video_id, after=0, limit=_FORGOTTEN))
            live = sum(not deleted for _, deleted in rows)
            if rows:
                transaction.write(_REMOVE(video=video_id, ids=[row[0] for row in rows]))
                transaction.write(self._change_count(video=video_id, by=-live))
            more = len(rows) == _FORGOTTEN
            if not more:
                transaction.write(_REMOVE_COUNT(video=video_id))
            return live, more

        return await self._database.transaction(remove)

    async def by_video(self, video_id: int, cursor: int, count: int) -> Page[CommentRow]:
        """Return up to `count` of a video's comments with ids below `cursor`, newest first."""
        return await self._pages.one((video_id, cursor, count))

    async def pages(self, keys: Iterable[PageKey]) -> list[Page[Row]]:
        """Return pages like those of `by_video`, of several videos."""
        return await asyncio.gather(*map(self._rows, keys))

    async def counts(self, video_ids: Iterable[int]) -> dict[int, int]:
        """Return the comment count of each of `video_ids`."""
        return await self._counts.many(video_ids)

    async def repair(self) -> AsyncIterator[tuple[int, int, int]]:
        """Repair wrong counts; yield (video id, stored count, correct count) for each."""
        for pages in (_COMMENTED_PAGE, _COUNT_PAGE):
            after = 0
            while page := await self._database.rows(pages(after=after, limit=_PAGE)):
                after = page[-1][0]
                for video_id, *_ in page:
                    stored, correct = await self._repair(video_id)
                    if stored != correct:
                        yield video_id, stored, correct

    async def _repair(self, video_id: int) -> tuple[int, int]:
        def compare(transaction: Transaction) -> tuple[int, int]:
            transaction.write(self._change_count(video=video_id, by=0))
            ((correct,),) = transaction.rows(_LIVE_COUNT(video=video_id))
            ((_, stored),) = transaction.rows(_COUNTS(videos=[video_id]))
            if stored != correct:
                transaction.write(self._change_count(video=video_id, by=correct - stored))
            return stored, correct

        return await self._database.transaction(compare)

    async def _load_counts(self, video_ids: list[int]) -> dict[int, int]:
        counts = {row[0]: row[1] for row in await self._database.rows(_COUNTS(videos=video_ids))}
        return {video_id: counts.get(video_id, 0) for video_id in video_ids}

    async def _load_page(self, page: PageKey) -> Page[CommentRow]:
        rows, next_cursor = await self._rows(page)
        return Page(list(map(CommentRow._make, rows)), next_cursor)

    async def _rows(self, page: PageKey) -> Page[Row]:
        video_id, cursor, count = page
        query = _BY_VIDEO(video=video_id, below=cursor, limit=count + 1)
        version = functools.partial(self._version, video_id)
        rows = await self._database.listed(query, _VERSION(video=video_id), version)
        return cut(rows, count, lambda row: int(row[0]))

    async def _version(self, video_id: int) -> int:
        return await self._versions.one(video_id) or 0

    async def _load_versions(self, video_ids: list[int]) -> dict[int, int]:
        return dict(await self._database.rows(_VERSIONS(videos=video_ids)))
