"""SQLite: a file."""

import asyncio
import fcntl
import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, unquote

from playhouse.pwasyncio import (
    AsyncSqliteConnection,
    AsyncSqliteDatabase,
    AsyncSqlitePool,
    CursorAdapter,
)

from microkit.config import ConfigError

_log = logging.getLogger(__name__)

_RETRY_SECONDS: Final = 1.0
_PRAGMAS: Final = {
    "journal_mode": "wal",
    # An acknowledged write survives the machine, not only the process.
    "synchronous": "full",
    "foreign_keys": 1,
    "cache_size": -8192,
}


class Sqlite(AsyncSqliteDatabase):  # type: ignore[misc]
    """peewee's asyncio database over a file."""

    @classmethod
    def of(cls, url: SplitResult, pool_size: int, timeout: float) -> "Sqlite":
        """Return the database of ``sqlite:////absolute/file``, percent-encoded where it must be.

        Raises:
            ConfigError: the file is not given by an absolute path.
        """
        if url.netloc or url.query or url.fragment or not url.path.startswith("/"):
            raise ConfigError("DATABASE_URL: want sqlite:////absolute/file")
        path = Path(unquote(url.path))
        path.parent.mkdir(parents=True, exist_ok=True)
        return cls(
            str(path),
            pool_size=pool_size,
            acquire_timeout=timeout,
            timeout=timeout,
            pragmas=_PRAGMAS,
        )

    @contextmanager
    def only_one(self) -> Iterator[None]:
        """Keep other processes from doing the same at the same time."""
        with Path(f"{self.database}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    async def _create_pool_async(self) -> "_Pool":
        pool = _Pool(
            self.database,
            pool_size=self._pool_size,
            on_connect=self._add_conn_hooks,
            timeout=self._timeout,
            **self.connect_params,
        )
        return await pool.initialize()


class _Connection(AsyncSqliteConnection):  # type: ignore[misc]
    """Runs a statement in one hop to the connection's thread, not one for each cursor call.

    A cancelled call is `abandoned`: its thread still does, or waits to do, what nobody wants.
    """

    abandoned = False

    async def _execute(self, sql: str, parameters: Sequence[Any] | None = None) -> CursorAdapter:
        try:
            return await self.conn._execute(self._at_once, sql, parameters or ())  # noqa: SLF001
        except asyncio.CancelledError:
            self.abandoned = True
            raise

    def _at_once(self, sql: str, parameters: Sequence[Any]) -> CursorAdapter:
        cursor = self.conn._conn.execute(sql, parameters)  # noqa: SLF001
        rows = cursor.fetchall()
        return CursorAdapter(rows, cursor.lastrowid, cursor.rowcount, cursor.description)


class _Pool(AsyncSqlitePool):  # type: ignore[misc]
    """Replaces a connection that may be, or come to be, within a transaction that nobody ends."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._replacing: set[asyncio.Task[None]] = set()

    async def acquire(self, timeout: float | None = None) -> _Connection:  # noqa: ASYNC109 - its name there
        """Return a connection that nobody uses."""
        # Not wait_for, which loses what it waited for when its caller is cancelled just then.
        async with asyncio.timeout(timeout):
            connection: _Connection = await self._queue.get()
            return connection

    async def release(self, conn: _Connection) -> None:
        """Take a connection back; never waits: who was cancelled may be cancelled again."""
        if conn.stale() or not (conn.abandoned or conn.conn.in_transaction):
            await super().release(conn)
            return
        task = asyncio.create_task(self._replace(conn))
        self._replacing.add(task)
        task.add_done_callback(self._replacing.discard)

    async def close(self) -> None:
        """Close every connection."""
        await super().close()
        for task in tuple(self._replacing):
            await asyncio.wait((task,), timeout=_RETRY_SECONDS)
            task.cancel()

    async def _replace(self, conn: _Connection) -> None:
        while True:
            try:
                made = await self._create_connection()
            except (OSError, sqlite3.Error, RuntimeError) as error:
                _log.error("sql: a connection cannot be replaced: %s", error)
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                break
        await super().release(made)
        await self._close_conn(conn)  # which rolls back, when its thread gets to it

    async def _create_connection(self) -> _Connection:
        made = await super()._create_connection()
        return _Connection(made.conn)
