"""Lists from read replicas, which never hide an acknowledged write.

Every list has a version: a number in one row, which every change of the list moves in its own
transaction, so that it grows in commit order. A list is read on a replica, right after the version
that this replica has, in one round trip. At the same time its version is read on the primary, after
the call and hence with every write that was acknowledged before, whichever process made it. The
rows of the replica are returned if its version is the same; otherwise the primary reads the list.

So a page has no round trip more, and the primary reads one row by its key, which concurrent callers
share, in place of the list. Lists do not wait for changes of other lists, as they would for the
GTID of the server's last commit, and replication may be of any kind.

A replica that is behind, out of reach or broken is left out (it "rests"), longer each time, and
then tried by one read at a time until it is current again.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, Protocol

from microkit import trace
from microkit.metrics import counter
from microkit.observe import observed
from microkit.storage.engine import DRIVER_ERRORS, Rows, Text
from microkit.storage.settings import SqlSettings
from microkit.storage.url import split, split_replicas

_log = logging.getLogger(__name__)

_TIMEOUT_SECONDS: Final = 1.0  # of a list on a replica; then the primary reads it
_BEHIND_SECONDS: Final = (0.005, 1.0)  # the first and the longest rest
_FAILED_SECONDS: Final = (1.0, 30.0)
_TOLD_SECONDS: Final = 0.5  # a replica that rests this long is worth a log line

_READS: Final = counter(
    "replica_reads",
    "Lists where replicas are set: from a replica, or why from the primary",
    outcome=("current", "behind", "failed", "resting"),
)


class Readable(Protocol):
    """A server that reads."""

    async def together(self, statements: Sequence[Text]) -> list[Rows]:
        """Run reading statements in their order, in one round trip."""


class Replica:
    """One replica, and whether it is used."""

    def __init__(self, name: str, engine: Readable) -> None:
        self.name = name
        self._engine = engine
        self._misses = 0  # in a row
        self._missed_at = 0.0
        self._answered_at = 0.0
        self._rests_until = 0.0
        self._reading = 0
        self._told = False

    @property
    def state(self) -> str:
        """Whether lists are read here."""
        return "resting" if self._misses else "in use"

    def is_free(self) -> bool:
        """Return whether to read a list here: one at a time if the last one was in vain."""
        if not self._misses:
            return True
        return not self._reading and time.monotonic() >= self._rests_until

    async def read(self, version: Text, query: Text) -> tuple[int, Rows]:
        """Return the version that the replica has, and rows that are as new or newer."""
        self._reading += 1
        try:
            with observed("sql", "replica", query[0].partition(" ")[0], DRIVER_ERRORS):
                trace.annotate("db.query.text", query[0])
                versions, rows = await self._engine.together((version, query))
        finally:
            self._reading -= 1
        self._answered_at = time.monotonic()
        return (versions[0][0] if versions else 0), rows

    def found_current(self) -> None:
        """Note that a list had every change."""
        self._misses = 0
        if self._told:
            self._told = False
            _log.info("replica %s is current: lists are read there again", self.name)

    def failed(self, began: float, error: Exception) -> None:
        """Rest because a read failed, unless it is only busy: others were answered meanwhile."""
        if not isinstance(error, TimeoutError) or self._answered_at < began:
            self.missed(began, _FAILED_SECONDS, str(error) or type(error).__name__)

    def missed(self, began: float, seconds: tuple[float, float], reason: str) -> None:
        """Rest for a while, the longer the more reads failed in a row; log it once."""
        if began < self._missed_at:
            return  # one of several at once
        self._missed_at = time.monotonic()
        first, longest = seconds
        rest = min(longest, first * 2**self._misses)
        self._misses = min(self._misses + 1, 16)
        self._rests_until = self._missed_at + rest
        if rest >= _TOLD_SECONDS and not self._told:
            self._told = True
            _log.warning("replica %s: %s: the primary reads its lists", self.name, reason)


class Replicas:
    """The replicas of one database."""

    def __init__(self, replicas: Sequence[Replica]) -> None:
        self._replicas = replicas
        self._turn = 0

    @property
    def states(self) -> dict[str, str]:
        """The state of each replica by its address."""
        return {each.name: each.state for each in self._replicas}

    async def listed(
        self, query: Text, version: Text, current: Callable[[], Awaitable[int]]
    ) -> Rows | None:
        """Return the rows of a list, None if no replica has its version of now.

        Args:
            query: selects the rows.
            version: selects the version in its first column, or no row for 0.
            current: reads the version on the primary.
        """
        replica = self._next()
        if replica is None:
            _READS.labels("resting").inc()
            return None
        began = time.monotonic()
        try:
            newest, (has, rows) = await asyncio.gather(current(), replica.read(version, query))
        except DRIVER_ERRORS as error:
            replica.failed(began, error)
            _READS.labels("failed").inc()
            return None
        if has != newest:  # rarely ahead: a change came between the two, or a backup was loaded
            reason = "it is behind" if has < newest else "it is ahead"
            replica.missed(began, _BEHIND_SECONDS, reason)
            _READS.labels("behind").inc()
            return None
        replica.found_current()
        _READS.labels("current").inc()
        return rows

    def _next(self) -> Replica | None:
        """Return the replica whose turn it is among those that do not rest."""
        for _ in self._replicas:
            self._turn = (self._turn + 1) % len(self._replicas)
            if self._replicas[self._turn].is_free():
                return self._replicas[self._turn]
        return None


@asynccontextmanager
async def open_replicas(settings: SqlSettings) -> AsyncIterator[Replicas | None]:
    """Open the replicas that `database_url` names, None if it names none.

    Raises:
        ConfigError: the URL is invalid.
    """
    _, urls = split_replicas(split(settings.database_url, "DATABASE_URL: no URL"))
    if not urls:
        yield None
        return
    from microkit.storage.mysql import PORT, MySql

    timeout = min(_TIMEOUT_SECONDS, settings.store_timeout_ms / 1e3)
    async with AsyncExitStack() as stack:
        replicas = []
        for url in urls:
            engine = MySql.of(url, settings, timeout)
            stack.push_async_callback(engine.close)
            replicas.append(Replica(f"{url.hostname}:{url.port or PORT}", engine))
        yield Replicas(replicas)
