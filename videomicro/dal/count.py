"""How many videos each author has."""

from collections.abc import Iterable
from typing import Final

from peewee import fn

from microkit.batch import BatchLoader, SingleFlight
from microkit.cache import Cache
from microkit.storage.database import Database, Statement
from microkit.storage.index import Indexed
from videomicro.dal.model import Video
from videomicro.dal.version import Version, Versions

_CACHE_SIZE: Final = 20_000
_CACHE_SECONDS: Final = 60.0
# Counts that are older are counted again: what was published since may be more than they are.
_MAX_AGE_MS: Final = 60_000

_COUNTS = Statement(
    lambda authors, until: (
        Video.select(Video.author_id, fn.COUNT(Video.id))
        .from_(Indexed(Video, "video_author_id_deleted_created_ms"))
        .where(
            Video.author_id.in_(authors),
            Video.deleted == False,  # noqa: E712 - SQL's
            Video.created_ms <= until,
        )
        .group_by(Video.author_id)
    )
)
_PUBLISHED = Statement(
    lambda since, until: (
        Video.select(Video.author_id, fn.COUNT(Video.id))
        .from_(Indexed(Video, "video_deleted_created_ms"))
        .where(
            Video.deleted == False,  # noqa: E712 - SQL's
            Video.created_ms > since,
            Video.created_ms <= until,
        )
        .group_by(Video.author_id)
    )
)


class Counts:
    """Counts of authors, cached with the version that they have.

    Every request reads the version of the table. If videos were published since, in any replica,
    those are counted and added; times grow in commit order, so none is missed and none is counted
    twice. If one was deleted, everything is counted again.
    """

    def __init__(self, database: Database, versions: Versions) -> None:
        self._database = database
        self._versions = versions
        self._at = Version(0, 0)
        self._cache: Cache[int, int] = Cache(_CACHE_SIZE, _CACHE_SECONDS)
        self._refresh: SingleFlight[None, None] = SingleFlight(self._catch_up)
        self._loader: BatchLoader[int, int] = BatchLoader(self._count)

    async def many(self, authors: Iterable[int]) -> dict[int, int]:
        """Return how many videos each of `authors` has."""
        await self._refresh.one(None)
        found, missing = self._cache.get_many(authors)
        return found | await self._loader.many(missing) if missing else found

    async def _catch_up(self, _: None) -> None:
        """Bring the cached counts to the current version."""
        version = await self._versions.current()
        while (at := self._at).latest_ms < version.latest_ms or at.changes < version.changes:
            age_ms = version.latest_ms - at.latest_ms
            if not self._cache or at.changes < version.changes or age_ms > _MAX_AGE_MS:
                self._cache.clear()
                self._at = version
                return
            query = _PUBLISHED(since=at.latest_ms, until=version.latest_ms)
            published = await self._database.rows(query)
            if self._at is at:  # else another one has caught up, perhaps not as far
                self._add(published)
                self._at = version

    def _add(self, published: Iterable[tuple[int, int]]) -> None:
        for author, count in published:
            known = self._cache.get(author)
            if known is not None:
                self._cache.put(author, known + count)

    async def _count(self, authors: list[int]) -> dict[int, int]:
        at = self._at
        rows = await self._versions.listed(_COUNTS(authors=authors, until=at.latest_ms))
        counted = dict.fromkeys(authors, 0) | dict(rows)
        if self._at is at:  # else they lack what was published, or have what was deleted since
            for author, count in counted.items():
                self._cache.put(author, count)
        return counted
