"""The version of the video table, which every change moves in its own transaction."""

from typing import NamedTuple

from peewee import Case

from microkit.batch import SingleFlight
from microkit.clock import now_ms
from microkit.storage.database import Database, Rows, Statement, Transaction
from microkit.storage.statement import BoundStatement
from videomicro.dal.model import Clock


class Version(NamedTuple):
    """The time of the newest change, and the number of changes that were no new videos."""

    latest_ms: int
    changes: int


LATEST = Clock.select(Clock.latest_ms).where(Clock.id == 1)
_VERSION = Statement(lambda: Clock.select(Clock.latest_ms, Clock.changes).where(Clock.id == 1))
_LATEST = Statement(lambda: LATEST)
_TICK = Statement(
    lambda now_ms, count, changes: Clock.update(
        latest_ms=Case(
            None, [(Clock.latest_ms + count <= now_ms, now_ms)], Clock.latest_ms + count
        ),
        changes=Clock.changes + changes,
    ).where(Clock.id == 1)
)


_HOLD = Statement(lambda: Clock.update(changes=Clock.changes).where(Clock.id == 1))


class Versions:
    """Reads the version; concurrent callers share a read, which starts after their calls."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read: SingleFlight[None, Version] = SingleFlight(self._load)

    async def current(self) -> Version:
        """Return the version of now: it includes every change that was acknowledged before."""
        return await self._read.one(None)

    async def listed(self, query: BoundStatement) -> Rows:
        """Return the rows of a list that changes with the version only, as they are now."""
        return await self._database.listed(query, _LATEST(), self._latest_ms)

    async def _latest_ms(self) -> int:
        return (await self.current()).latest_ms

    async def _load(self, _: None) -> Version:
        (row,) = await self._database.rows(_VERSION())
        return Version(*row)


def tick(transaction: Transaction, *, videos: int = 1, changes: int = 0) -> int:
    """Advance the version; the first statement of every change. Return its time in ms.

    This time and the `videos - 1` ms before it belong to the transaction. The row lock makes times
    strictly increasing in commit order, even if the host's clock is set back, so a page never skips
    a video.
    """
    transaction.write(_TICK(now_ms=now_ms(), count=videos, changes=changes))
    ((latest_ms,),) = transaction.rows(_LATEST())
    return int(latest_ms)


def hold(transaction: Transaction) -> None:
    """Keep other changes waiting until the commit, without a new version."""
    transaction.write(_HOLD())
