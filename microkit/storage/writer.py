"""Group commit for SQLite: concurrent transactions share one commit."""

import asyncio
import contextvars
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Generic, TypeVar

from microkit.saturation import Usage, track
from microkit.storage.engine import Execute, Result

T = TypeVar("T")

_MAX_GROUP: Final = 256
_LOOP_SECONDS: Final = 0.0005
_RETRY_SECONDS: Final = 0.002


class Writer:
    """The writing connection of a process to a SQLite file.

    Only the commit waits for the disk. Transactions that arrive during a commit form the next
    group: each runs in a savepoint of its own, and one commit makes all of them durable. A failed
    transaction is rolled back alone. Callers get their results after the commit.

    Statements run on the loop's thread, because a hop to another thread costs several times as
    much; only the commit runs in a thread.

    Args:
        connection: in autocommit mode, without a busy timeout, not used elsewhere.
        timeout: seconds to wait for the write lock while another process holds it.
    """

    def __init__(self, connection: sqlite3.Connection, timeout: float) -> None:
        self._connection = connection
        self._timeout = timeout
        self._queue: deque[_Member[Any]] = deque()
        self._thread = ThreadPoolExecutor(1, "sqlite-commit")
        self._task: asyncio.Task[None] | None = None
        track(self, "sql_writer", "sqlite", Writer._usage)

    def _usage(self) -> Usage:
        return Usage(int(self._task is not None), len(self._queue), 1)

    async def run(self, work: Callable[[Execute], T]) -> T:
        """Run `work` in a transaction and return its result after the commit.

        If the caller is cancelled before its group starts, the transaction does not run; later it
        is committed regardless.

        Raises:
            sqlite3.Error: the write lock was not free in time, or the commit failed.
            Exception: the exception of `work`; its transaction is rolled back.
        """
        member = _Member(work)
        self._queue.append(member)
        if self._task is None:
            self._task = asyncio.create_task(self._commit_groups())
        return await member.result

    async def close(self) -> None:
        """Commit queued transactions and close the connection."""
        while self._task is not None:
            await asyncio.wait((self._task,))
        self._thread.shutdown()
        self._connection.close()

    async def _commit_groups(self) -> None:
        try:
            while self._queue:
                group = [self._queue.popleft() for _ in range(min(_MAX_GROUP, len(self._queue)))]
                await self._commit(group)
        finally:
            # Here and not in a done callback: a transaction queued before the callback runs would
            # find a task that no longer takes it.
            self._task = None

    async def _commit(self, group: "list[_Member[Any]]") -> None:
        try:
            await self._begin()
            members = await self._run(group)
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._thread, self._connection.execute, "COMMIT")
        except BaseException as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            failure = error if isinstance(error, Exception) else asyncio.CancelledError()
            for member in group:
                member.fail(failure)
            if not isinstance(error, Exception):
                raise
        else:
            for member in members:
                member.finish()

    async def _begin(self) -> None:
        """Acquire the write lock by polling: SQLite's busy handler would block the loop."""
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return

    async def _run(self, group: "list[_Member[Any]]") -> "list[_Member[Any]]":
        """Run the members whose callers still wait, yielding to the loop; return them."""
        members = []
        until = time.perf_counter() + _LOOP_SECONDS
        for member in group:
            if not member.result.done():
                self._run_one(member)
                members.append(member)
            if time.perf_counter() > until:
                await asyncio.sleep(0)
                until = time.perf_counter() + _LOOP_SECONDS
        return members

    def _run_one(self, member: "_Member[Any]") -> None:
        self._connection.execute("SAVEPOINT member")
        try:
            member.run(self._execute)
        except Exception as error:
            if not self._connection.in_transaction:  # SQLite rolled the whole group back
                raise
            self._connection.execute("ROLLBACK TO member")
            member.error = error
        self._connection.execute("RELEASE member")

    def _execute(self, sql: str, parameters: Sequence[Any]) -> Result:
        cursor = self._connection.execute(sql, parameters)
        return Result(cursor.fetchall(), cursor.rowcount, cursor.lastrowid or 0)


class _Member(Generic[T]):
    """One transaction of a group and the future of its result."""

    __slots__ = ("_context", "_value", "_work", "error", "result")

    def __init__(self, work: Callable[[Execute], T]) -> None:
        self._work = work
        self._context = contextvars.copy_context()
        self.result: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.error: Exception | None = None
        self._value: T

    def run(self, execute: Execute) -> None:
        self._value = self._context.run(self._work, execute)

    def finish(self) -> None:
        if self.error is not None:
            self.fail(self.error)
        elif not self.result.done():
            self.result.set_result(self._value)

    def fail(self, error: BaseException) -> None:
        if not self.result.done():
            self.result.set_exception(error)
            # Mark it retrieved: without callers asyncio would log "never retrieved".
            self.result.exception()
