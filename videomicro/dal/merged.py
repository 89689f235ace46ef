"""The videos of many authors in one list, merged when it is read.

A page has the newest `count` videos. They are of the `count` authors whose newest videos are the
newest: each of these has at least one that is newer than all of any other author. So the newest
time of each author is looked up, one row of an index each, and only these authors' pages are read.
The work depends on the number of authors and on `count`, not on how many videos they have.
"""

import functools
import heapq
from collections.abc import Sequence
from operator import add
from typing import Final

from peewee import fn

from microkit.batch import parts
from microkit.paging import Page, cut
from microkit.storage.database import Database, Statement
from videomicro.dal.model import Video
from videomicro.dal.version import Versions
from videomicro.dal.video import VideoRow, Videos

_AUTHORS: Final = 256  # of one statement: SQLite joins up to 500 selections

_HEADS = Statement(
    lambda authors, until: functools.reduce(
        add,
        (
            Video.select(Video.author_id, fn.MAX(Video.created_ms)).where(
                Video.author_id == author,
                Video.deleted == False,  # noqa: E712 - SQL's
                Video.created_ms <= until,
            )
            for author in authors
        ),
    )
)


class MergedVideos:
    """Merged lists of one database."""

    def __init__(self, database: Database, videos: Videos) -> None:
        self._versions = Versions(database)
        self._videos = videos

    async def newest(self, authors: Sequence[int], before: int, count: int) -> Page[VideoRow]:
        """Return up to `count` videos of any of `authors` from before a time (ms), newest first."""
        heads: dict[int, int] = {}
        for part in parts(list(authors), _AUTHORS):
            found = await self._versions.listed(_HEADS(authors=part, until=before - 1))
            heads |= {author: newest for author, newest in found if newest is not None}
        first = heapq.nlargest(count + 1, heads, key=heads.__getitem__)
        pages = await self._videos.published([(each, before, count + 1) for each in first])
        rows = heapq.nlargest(
            count + 1, (row for page in pages for row in page.items), key=lambda row: row.created_ms
        )
        return cut(rows, count, lambda row: row.created_ms)
