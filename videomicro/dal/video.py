"""Queries of videos."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from microkit.batch import BatchLoader, SingleFlight
from microkit.cache import Cache, CachedLoader
from microkit.errors import NotFound
from microkit.paging import Page, cut
from microkit.storage.database import Database, Statement, Transaction
from microkit.storage.index import Indexed
from microkit.storage.statement import BoundStatement
from videomicro.dal import rendition, titles
from videomicro.dal.count import Counts
from videomicro.dal.model import Video
from videomicro.dal.titles import Titled
from videomicro.dal.version import LATEST, Versions, tick

_CACHE_SIZE: Final = 20_000
_CACHE_SECONDS: Final = 60.0
_PAGE_CACHE_SIZE: Final = 256
_PAGE_CACHE_SECONDS: Final = 60.0
_MAX_INSERTED: Final = 100  # rows of one transaction

FeedKeyMs = tuple[int, int]
"""A page of the feed: published before this time (ms since 1970), up to this many videos."""

PublishedKey = tuple[int, int, int]
"""A page of an author's videos: the author's id, before this time (ms), up to this many."""


class VideoRow(NamedTuple):
    """A video that is not deleted."""

    id: int
    author_id: int
    title: str
    play_url: str
    cover_url: str
    created_ms: int
    hls_url: str


_COLUMNS = [getattr(Video, name) for name in VideoRow._fields]
_LIVE = Video.select(*_COLUMNS).where(Video.deleted == False)  # noqa: E712 - SQL's
_NEWEST = Video.created_ms.desc()
_BY_IDS = Statement(lambda ids: _LIVE.from_(Indexed(Video)).where(Video.id.in_(ids)))
_BY_AUTHOR = Statement(
    lambda author, before, limit: (
        _LIVE.from_(Indexed(Video, "video_author_id_deleted_created_ms"))
        .where(Video.author_id == author, Video.created_ms < before)
        .order_by(_NEWEST)
        .limit(limit)
    )
)
# Rows and their version in one statement, hence from one snapshot.
_FEED = Statement(
    lambda before, limit: (
        Video.select(*_COLUMNS, LATEST)
        .from_(Indexed(Video, "video_deleted_created_ms"))
        .where(Video.deleted == False, Video.created_ms < before)  # noqa: E712 - SQL's
        .order_by(_NEWEST)
        .limit(limit)
    )
)
_INSERT = Statement(
    lambda author_id, title, play_url, cover_url, created_ms, deleted: Video.insert(
        author_id=author_id,
        title=title,
        play_url=play_url,
        cover_url=cover_url,
        created_ms=created_ms,
        deleted=deleted,
    )
)
# With the author, whose shard has the row: docs/scale.md.
_RENAME = Statement(
    lambda video, author, title: Video.update(title=title).where(
        Video.id == video, Video.author_id == author
    )
)
_DELETE = Statement(
    lambda video, author: Video.update(deleted=True).where(
        Video.id == video, Video.author_id == author
    )
)
_IDS = Statement(
    lambda since, until: Video.select(Video.id, Video.created_ms).where(
        Video.created_ms >= since, Video.created_ms <= until
    )
)


@dataclass(frozen=True, eq=False, slots=True)
class _NewVideo:
    """A video to insert; no two are equal."""

    author_id: int
    title: str
    play_url: str
    cover_url: str
    pending: bool
    renditions: bool

    def row(self, created_ms: int) -> dict[str, Any]:
        return {
            "author_id": self.author_id,
            "title": self.title,
            "play_url": self.play_url,
            "cover_url": self.cover_url,
            "created_ms": created_ms,
            "deleted": self.pending,
        }


class Videos:
    """The videos of one database.

    Pages of the feed are cached until a video changes, rows until any title changes or any video is
    deleted, in whatever replica: every request checks the version in the database, and concurrent
    requests share one check.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows: CachedLoader[int, VideoRow] = CachedLoader(
            self._load, _CACHE_SIZE, _CACHE_SECONDS
        )
        self._changes = 0  # of the cached rows
        self._versions = Versions(database)
        self._counts = Counts(database, self._versions)
        self._pages: SingleFlight[FeedKeyMs, tuple[list[VideoRow], int]] = SingleFlight(
            self._load_page
        )
        self._page_cache: Cache[FeedKeyMs, tuple[list[VideoRow], int]] = Cache(
            _PAGE_CACHE_SIZE, _PAGE_CACHE_SECONDS
        )
        self._newest_ms = 0
        self._published: SingleFlight[PublishedKey, Page[VideoRow]] = SingleFlight(
            self._load_published
        )
        self._creates: BatchLoader[_NewVideo, int] = BatchLoader(self._insert, _MAX_INSERTED)

    async def create(
        self,
        author_id: int,
        title: str,
        play_url: str,
        cover_url: str,
        *,
        pending: bool = False,
        renditions: bool = False,
    ) -> int:
        """Insert a video and return its id. Concurrent calls share a transaction.

        `renditions`: have them made. `pending`: nobody sees the video until they are ready.
        """
        new = _NewVideo(author_id, title, play_url, cover_url, pending, renditions)
        return (await self._creates.many((new,)))[new]

    async def by_ids(self, ids: Iterable[int]) -> dict[int, VideoRow]:
        """Return the existing videos of `ids` by id."""
        await self._discard_changed()
        return await self._rows.many(ids)

    async def by_id(self, video_id: int) -> VideoRow:
        """Return one video.

        Raises:
            NotFound: there is no such video.
        """
        await self._discard_changed()
        row = await self._rows.one(video_id)
        if row is None:
            raise NotFound("视频不存在")
        return row

    async def by_author(self, author_id: int, cursor: int, count: int) -> Page[VideoRow]:
        """Return up to `count` of the author's videos of before `cursor` (ms), newest first."""
        return await self._published.one((author_id, cursor, count))

    async def published(self, pages: Iterable[PublishedKey]) -> list[Page[VideoRow]]:
        """Return `by_author` of each (author id, cursor, count)."""
        return await asyncio.gather(*map(self._load_published, pages))

    async def feed(self, before_ms: int, limit: int) -> list[VideoRow]:
        """Return up to `limit` videos published before `before_ms`, newest first."""
        # Any time after the newest video maps to one cache key.
        page = min(before_ms, self._newest_ms + 1), limit
        cached = self._page_cache.get(page)
        if cached is not None and cached[1] == (await self._versions.current()).latest_ms:
            return cached[0]
        rows, version = await self._pages.one((before_ms, limit))
        if version >= self._newest_ms:
            self._newest_ms = version
            self._page_cache.put((min(before_ms, version + 1), limit), (rows, version))
        return rows

    async def counts(self, authors: Iterable[int]) -> dict[int, int]:
        """Return how many videos each of `authors` has."""
        return await self._counts.many(authors)

    async def rename(self, video_id: int, title: str) -> None:
        """Change a video's title.

        Raises:
            NotFound: there is no such video.
        """
        row = await self.by_id(video_id)
        renamed = Titled(row.id, row.created_ms, title)
        await self._change(_RENAME(video=video_id, author=row.author_id, title=title), row, renamed)

    async def delete(self, video_id: int) -> None:
        """Delete a video; the row stays, marked as deleted.

        Raises:
            NotFound: there is no such video.
        """
        row = await self.by_id(video_id)
        await self._change(_DELETE(video=video_id, author=row.author_id), row)

    async def _change(self, update: BoundStatement, row: VideoRow, *renamed: Titled) -> None:
        def change(transaction: Transaction) -> None:
            tick(transaction, changes=1)
            # Another replica may have changed it since `row` was read.
            current = transaction.rows(_BY_IDS(ids=[row.id]))
            if not current:
                raise NotFound("视频不存在")
            transaction.write(update)
            titles.remove(transaction, _titled(VideoRow(*current[0])))
            titles.add(transaction, renamed)

        await self._database.transaction(change)

    async def _discard_changed(self) -> None:
        """Discard the cached rows if any of them may have changed in any replica."""
        version = await self._versions.current()
        if version.changes != self._changes:
            self._changes = version.changes
            self._rows.clear()

    async def _insert(self, news: list["_NewVideo"]) -> dict["_NewVideo", int]:
        """Insert videos in one transaction, which holds the clock's row once for all of them.

        The row is what limits publishing: one commit after another in all replicas.
        """

        def insert(transaction: Transaction) -> dict[_NewVideo, int]:
            last_ms = tick(transaction, videos=len(news))
            by_ms = dict(enumerate(news, last_ms - len(news) + 1))
            rows = [new.row(ms) for ms, new in by_ms.items()]
            if len(rows) == 1:
                ids = {news[0]: transaction.write(_INSERT(**rows[0])).lastrowid}
            else:
                transaction.write(Video.insert_many(rows))
                found = transaction.rows(_IDS(since=min(by_ms), until=last_ms))
                ids = {by_ms[ms]: video_id for video_id, ms in found}
            for new, video_id in ids.items():
                if new.renditions:
                    rendition.add(transaction, video_id, new.author_id, pending=new.pending)
            by_new = {new: ms for ms, new in by_ms.items()}
            shown = [
                (video_id, by_new[new], new.title)
                for new, video_id in ids.items()
                if not new.pending
            ]
            titles.add(transaction, (Titled(*each) for each in shown))
            return ids

        return await self._database.transaction(insert)

    async def _load(self, ids: list[int]) -> dict[int, VideoRow]:
        rows = await self._database.rows(_BY_IDS(ids=ids))
        return {row[0]: VideoRow(*row) for row in rows}

    async def _load_page(self, page: FeedKeyMs) -> tuple[list[VideoRow], int]:
        before, limit = page
        rows = await self._versions.listed(_FEED(before=before, limit=limit))
        # An empty page has no version, so it is not cached.
        return [VideoRow(*row[:-1]) for row in rows], rows[0][-1] if rows else 0

    async def _load_published(self, page: PublishedKey) -> Page[VideoRow]:
        author, cursor, count = page
        query = _BY_AUTHOR(author=author, before=cursor, limit=count + 1)
        rows = [VideoRow(*row) for row in await self._versions.listed(query)]
        return cut(rows, count, lambda row: row.created_ms)


def _titled(row: VideoRow) -> Titled:
    return Titled(row.id, row.created_ms, row.title)
