"""Queries about the objects that videos refer to."""

from collections.abc import Iterable
from typing import Final

from microkit.clock import now_ms
from microkit.errors import ParamError
from microkit.storage.database import Database, Statement
from videomicro.dal.model import Cover, Sweep, Video

MAX_KEYS: Final = 1000
_MS_PER_SECOND: Final = 1000

_BY_VIDEO = Statement(lambda keys: Video.select(Video.play_url).where(Video.play_url.in_(keys)))
_BY_COVER = Statement(lambda keys: Video.select(Video.cover_url).where(Video.cover_url.in_(keys)))
_BY_PLAYLIST = Statement(lambda keys: Video.select(Video.hls_url).where(Video.hls_url.in_(keys)))
_BY_CHOICE = Statement(lambda keys: Cover.select(Cover.cover_url).where(Cover.cover_url.in_(keys)))
# A due time beyond two intervals was written by a host whose clock was wrong. One interval would be
# too strict: of two concurrent claims, the one with the later time may be written first.
_CLAIM = Statement(
    lambda now_ms, interval_ms: Sweep.update(due_ms=now_ms + interval_ms).where(
        Sweep.id == 1, (Sweep.due_ms <= now_ms) | (Sweep.due_ms > now_ms + 2 * interval_ms)
    )
)


class ObjectKeys:
    """The keys of objects in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def used(self, keys: Iterable[str]) -> list[str]:
        """Return those of `keys` that any video refers to, deleted ones included.

        Raises:
            ParamError: there are more than `MAX_KEYS`.
        """
        asked = list(dict.fromkeys(keys))
        if len(asked) > MAX_KEYS:
            raise ParamError(f"一次最多查询 {MAX_KEYS} 个对象")
        if not asked:
            return []
        rows = [
            *await self._database.rows(_BY_VIDEO(keys=asked)),
            *await self._database.rows(_BY_COVER(keys=asked)),
            *await self._database.rows(_BY_PLAYLIST(keys=asked)),
            *await self._database.rows(_BY_CHOICE(keys=asked)),
        ]
        return list(dict.fromkeys(row[0] for row in rows))

    async def claim_sweep(self, interval_seconds: int) -> bool:
        """Return whether the caller shall sweep: true for one caller per interval."""
        claim = _CLAIM(now_ms=now_ms(), interval_ms=interval_seconds * _MS_PER_SECOND)
        return (await self._database.write(claim)).rowcount == 1
