"""Group commit for SQLite: transactions of concurrent callers share one commit."""

import asyncio
import contextvars
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Generic, TypeVar

from microkit.storage.engine import Execute, Result

T = TypeVar("T")

_GROUP: Final = 256
_LOOP_SECONDS: Final = 0.0005
_RETRY_SECONDS: Final = 0.002


class Writer:
    """The connection through which a process writes to a SQLite file.

    A commit waits for the disk; the statements before it do not. So transactions that arrive while
    a commit is under way form the next group: each runs within a savepoint of its own, and one
    commit makes all of them durable. A transaction that fails is undone alone. Callers are answered
    after the commit.

    Statements run on the loop's thread, because a hop to another thread costs several times as much
    as they do; only the commit runs in a thread.

    Args:
        connection: in autocommit mode, without a busy timeout; nothing else may use it.
        timeout: seconds to wait for the write lock while another process holds it.
    """

    def __init__(self, connection: sqlite3.Connection, timeout: float) -> None:
        self._connection = connection
        self._timeout = timeout
        self._queue: deque[_Member[Any]] = deque()
        self._thread = ThreadPoolExecutor(1, "sqlite-commit")
        self._task: asyncio.Task[None] | None = None

    async def run(self, work: Callable[[Execute], T]) -> T:
        """Run `work` as a transaction and return its result once it is on the disk.

        A caller that is cancelled before its group begins leaves nothing behind; afterwards the
        transaction is committed all the same.

        Raises:
            sqlite3.Error: the write lock was not free in time, or the commit failed.
            Exception: what `work` raised; it is undone.
        """
        member = _Member(work)
        self._queue.append(member)
        if self._task is None:
            self._task = asyncio.create_task(self._commit_groups())
        return await member.answer

    async def close(self) -> None:
        """Commit what is queued and close the connection."""
        while self._task is not None:
            await asyncio.wait((self._task,))
        self._thread.shutdown()
        self._connection.close()

    async def _commit_groups(self) -> None:
        try:
            while self._queue:
                group = [self._queue.popleft() for _ in range(min(_GROUP, len(self._queue)))]
                await self._commit(group)
        finally:
            self._task = None

    async def _commit(self, group: "list[_Member[Any]]") -> None:
        try:
            await self._begin()
            ran = await self._run(group)
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._thread, self._connection.execute, "COMMIT")
        except BaseException as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            failed = error if isinstance(error, Exception) else asyncio.CancelledError()
            for member in group:
                member.fail(failed)
            if not isinstance(error, Exception):
                raise
        else:
            for member in ran:
                member.tell()

    async def _begin(self) -> None:
        """Take the write lock; SQLite's own busy handler would block the loop."""
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
        """Run those whose callers still wait, and let others use the loop in between."""
        ran = []
        until = time.perf_counter() + _LOOP_SECONDS
        for member in group:
            if not member.answer.done():
                self._run_one(member)
                ran.append(member)
            if time.perf_counter() > until:
                await asyncio.sleep(0)
                until = time.perf_counter() + _LOOP_SECONDS
        return ran

    def _run_one(self, member: "_Member[Any]") -> None:
        self._connection.execute("SAVEPOINT member")
        try:
            member.run(self._execute)
        except Exception as error:
            if not self._connection.in_transaction:  # SQLite undid the whole group: disk full, …
                raise
            self._connection.execute("ROLLBACK TO member")
            member.error = error
        self._connection.execute("RELEASE member")

    def _execute(self, sql: str, parameters: Sequence[Any]) -> Result:
        cursor = self._connection.execute(sql, parameters)
        return Result(cursor.fetchall(), cursor.rowcount, cursor.lastrowid or 0)


class _Member(Generic[T]):
    """One transaction of a group, and what its caller will be answered."""

    __slots__ = ("_context", "_work", "answer", "error", "result")

    def __init__(self, work: Callable[[Execute], T]) -> None:
        self._work = work
        self._context = contextvars.copy_context()
        self.answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.error: Exception | None = None
        self.result: T

    def run(self, execute: Execute) -> None:
        self.result = self._context.run(self._work, execute)

    def tell(self) -> None:
        if self.error is not None:
            self.fail(self.error)
        elif not self.answer.done():
            self.answer.set_result(self.result)

    def fail(self, error: BaseException) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)
            self.answer.exception()  # retrieved, also when the caller has gone
