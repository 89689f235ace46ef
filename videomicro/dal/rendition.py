"""Renditions to make: the order of the jobs, the holder of each lease, and the result.

The row of a job is the state of the work. Who claims it has a lease and renews it; when a lease has
expired, somebody else begins anew under another name. A pending video is a row of `video` that is
marked as deleted, and gets its time when it is revealed, so that no page of the feed skips it.
"""

import functools
from collections.abc import Sequence
from typing import Final, NamedTuple

from peewee import fn

from microkit.clock import now_ms
from microkit.storage.database import Database, Statement, Transaction
from microkit.storage.index import Indexed
from videomicro.dal import cover, titles
from videomicro.dal.model import Rendition, Video
from videomicro.dal.titles import Titled
from videomicro.dal.version import tick

MAX_PENDING: Final = 100  # videos of a list
_TURN_MS: Final = 60_000  # between the turns of one author
_MAX_ATTEMPTS: Final = 10  # that ended without a result: the video may be the cause
# Twice the longest lease (idl/bounds.thrift). What is beyond it was written by a host whose clock
# was ahead, before it was corrected.
_MAX_LEASE_MS: Final = 2 * 3_600_000
_CLAIMED: Final = 8  # rows that a claim looks at, of which others may claim some meanwhile
_FIRST: Final = 0


class Job(NamedTuple):
    """A video of which renditions shall be made."""

    video_id: int
    play_url: str


class PendingRow(NamedTuple):
    """A video that is published when it is converted."""

    id: int
    title: str
    cover_url: str
    progress: int
    failed: bool


class Finished(NamedTuple):
    """Whether an attempt was the one with the lease, and the key that its result replaced."""

    held: bool
    replaced: str | None = None


_LAST_TURN = Statement(
    lambda author: Rendition.select(fn.MAX(Rendition.turn_ms)).where(Rendition.author_id == author)
)
_INSERT = Statement(
    lambda video_id, author_id, pending, turn_ms: Rendition.insert(
        video_id=video_id, author_id=author_id, pending=pending, turn_ms=turn_ms
    )
)
_NEXT = Statement(
    lambda after, now_ms, limit: (
        Rendition.select(Rendition.video_id, Rendition.lease_ms, Rendition.attempts)
        .from_(Indexed(Rendition, "rendition_failed_turn_ms"))
        .where(
            Rendition.failed == False,  # noqa: E712 - SQL's
            Rendition.turn_ms > after,
            (Rendition.lease_ms <= now_ms) | (Rendition.lease_ms > now_ms + _MAX_LEASE_MS),
        )
        .order_by(Rendition.turn_ms)
        .limit(limit)
    )
)
_LEASE = Statement(
    lambda video, lease_ms, next_ms, attempt, attempts: Rendition.update(
        lease_ms=next_ms, attempt=attempt, attempts=attempts, progress=0
    ).where(Rendition.video_id == video, Rendition.lease_ms == lease_ms)
)
_SOURCE = Statement(
    lambda video: Video.select(Video.play_url, Video.title).where(Video.id == video)
)
_KEEP = Statement(
    lambda video, attempt, next_ms, progress: Rendition.update(
        lease_ms=next_ms, progress=progress
    ).where(Rendition.video_id == video, Rendition.attempt == attempt)
)
_GIVE_BACK = Statement(
    lambda video, attempt, next_ms: Rendition.update(
        attempts=Rendition.attempts - 1, attempt="", lease_ms=next_ms, progress=0
    ).where(Rendition.video_id == video, Rendition.attempt == attempt)
)
_HELD = Statement(
    lambda video, attempt: Rendition.select(Rendition.author_id, Rendition.pending).where(
        Rendition.video_id == video, Rendition.attempt == attempt
    )
)
_FAIL = Statement(
    lambda video: Rendition.update(failed=True, attempt="").where(
        Rendition.video_id == video,
        Rendition.pending == True,  # noqa: E712 - SQL's
    )
)
_DONE = Statement(
    lambda video, attempt: Rendition.delete().where(
        Rendition.video_id == video, Rendition.attempt == attempt
    )
)
DROP = Statement(lambda video: Rendition.delete().where(Rendition.video_id == video))
_OFFER = Statement(
    lambda video, author, hls_url: Video.update(hls_url=hls_url).where(
        Video.id == video, Video.author_id == author
    )
)
_REVEAL = Statement(
    lambda video, author, play_url, hls_url, created_ms: Video.update(
        deleted=False, play_url=play_url, hls_url=hls_url, created_ms=created_ms
    ).where(Video.id == video, Video.author_id == author)
)
_PENDING = Statement(
    lambda author, after, limit: (
        Rendition.select(
            Video.id, Video.title, Video.cover_url, Rendition.progress, Rendition.failed
        )
        .from_(Indexed(Rendition, "rendition_author_id_turn_ms"))
        .join(Video, on=(Video.id == Rendition.video_id))
        .where(
            Rendition.author_id == author,
            Rendition.turn_ms > after,
            Rendition.pending == True,  # noqa: E712 - SQL's
        )
        .order_by(Rendition.turn_ms.desc())
        .limit(limit)
    )
)


def add(transaction: Transaction, video_id: int, author_id: int, *, pending: bool) -> None:
    """Have renditions made of a video; the author's earlier videos come first.

    An author's turns are a minute apart, so that one with many videos lets others pass.
    """
    ((last_ms,),) = transaction.rows(_LAST_TURN(author=author_id))
    turn_ms = max(now_ms(), (last_ms or 0) + _TURN_MS)
    transaction.write(
        _INSERT(video_id=video_id, author_id=author_id, pending=pending, turn_ms=turn_ms)
    )


class Renditions:
    """The renditions to make in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, attempt: str, lease_ms: int) -> Job | None:
        """Lease the video whose turn it is to the caller, who names the attempt."""
        now = now_ms()
        found = await self._database.rows(_NEXT(after=_FIRST, now_ms=now, limit=_CLAIMED))
        for video_id, until_ms, attempts in found:
            if attempts >= _MAX_ATTEMPTS:
                await self._database.transaction(functools.partial(_fail, video_id=video_id))
                continue
            lease = _LEASE(
                video=video_id,
                lease_ms=until_ms,
                next_ms=now + lease_ms,
                attempt=attempt,
                # An attempt that is ended because of a wrong clock does not count.
                attempts=attempts + (until_ms <= now),
            )
            if (await self._database.write(lease)).rowcount:
                rows = await self._database.rows(_SOURCE(video=video_id))
                return Job(video_id, rows[0][0]) if rows else None
        return None

    async def keep(self, video_id: int, attempt: str, lease_ms: int, progress: int) -> bool:
        """Renew a lease and note the progress; return False if it was lost."""
        keep = _KEEP(
            video=video_id, attempt=attempt, next_ms=now_ms() + lease_ms, progress=progress
        )
        return (await self._database.write(keep)).rowcount == 1

    async def give_back(self, video_id: int, attempt: str, pause_ms: int) -> bool:
        """End an attempt that something else than the video interrupted; return whether it held.

        It does not count. The next one is after the pause, in which other videos take their turn.
        """
        back = _GIVE_BACK(video=video_id, attempt=attempt, next_ms=now_ms() + pause_ms)
        return (await self._database.write(back)).rowcount == 1

    async def finish(
        self,
        video_id: int,
        attempt: str,
        play_url: str,
        hls_url: str,
        covers: Sequence[str] = (),
    ) -> Finished:
        """Give a video its renditions, and publish it if it is pending.

        Raises:
            ParamError: a cover cannot be used.
        """
        cover.check(covers)

        def finish(transaction: Transaction) -> Finished:
            created_ms = tick(transaction)
            held = transaction.rows(_HELD(video=video_id, attempt=attempt))
            if not held:
                return Finished(held=False)
            author, pending = held[0]
            if not transaction.write(_DONE(video=video_id, attempt=attempt)).rowcount:
                return Finished(held=False)
            cover.add(transaction, video_id, covers)
            if not pending:
                transaction.write(_OFFER(video=video_id, author=author, hls_url=hls_url))
                return Finished(held=True)
            ((replaced, title),) = transaction.rows(_SOURCE(video=video_id))
            transaction.write(
                _REVEAL(
                    video=video_id,
                    author=author,
                    play_url=play_url,
                    hls_url=hls_url,
                    created_ms=created_ms,
                )
            )
            titles.add(transaction, [Titled(video_id, created_ms, title)])
            return Finished(held=True, replaced=replaced)

        return await self._database.transaction(finish)

    async def fail(self, video_id: int, attempt: str) -> Finished:
        """Give up: a pending video is never published, another one plays as it was uploaded."""

        def fail(transaction: Transaction) -> Finished:
            held = bool(transaction.rows(_HELD(video=video_id, attempt=attempt)))
            if held:
                _fail(transaction, video_id)
            return Finished(held=held)

        return await self._database.transaction(fail)

    async def pending(self, author_id: int) -> list[PendingRow]:
        """Return an author's videos that are not published yet, newest first."""
        query = _PENDING(author=author_id, after=_FIRST, limit=MAX_PENDING)
        return [PendingRow(*row) for row in await self._database.rows(query)]


def _fail(transaction: Transaction, video_id: int) -> None:
    if not transaction.write(_FAIL(video=video_id)).rowcount:
        transaction.write(DROP(video=video_id))
