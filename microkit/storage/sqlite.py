"""SQLite, with short reads on the event loop's thread.

An indexed read of a few rows takes 10 to 100 us, less than a hop to a thread and back. So a read
runs on the loop's thread first, is interrupted after 0.5 ms, and is then repeated in a thread.
Readers never wait for writers (write-ahead log).
"""

import asyncio
import fcntl
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import SplitResult, unquote

import peewee
from peewee import __exception_wrapper__ as peewee_errors  # type: ignore[attr-defined]

from microkit.config import ConfigError, StartupError
from microkit.storage.engine import Execute, Rows
from microkit.storage.writer import Writer

T = TypeVar("T")

_LOOP_SECONDS: Final = 0.0005
_PROGRESS_STEPS: Final = 1000  # virtual machine steps between two checks of the deadline
_CACHED_STATEMENTS: Final = 256
_PRAGMAS: Final = {
    "journal_mode": "wal",
    # An acknowledged write survives a power failure, not only a crash of the process.
    "synchronous": "full",
    "foreign_keys": 1,
    "cache_size": -8192,
}
_RETRY_IN_THREAD: Final = frozenset({sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY})


class Sqlite:
    """One database file."""

    name = "sqlite"

    def __init__(self, path: Path, threads: int, timeout: float) -> None:
        self.dialect: peewee.Database = peewee.SqliteDatabase(None)
        self._path = path
        self._timeout = timeout
        self._threads = ThreadPoolExecutor(threads, "sqlite-read")
        self._thread_local = threading.local()
        self._thread_readers: list[_Reader] = []
        self._reader: _Reader
        self._writer: Writer

    @classmethod
    def of(cls, url: SplitResult, threads: int, timeout: float) -> "Sqlite":
        """Return the database of ``sqlite:////absolute/file``, percent-encoded.

        Raises:
            ConfigError: the path is not absolute.
        """
        if url.netloc or url.query or url.fragment or not url.path.startswith("/"):
            raise ConfigError("DATABASE_URL: want sqlite:////absolute/file")
        path = Path(unquote(url.path))
        path.parent.mkdir(parents=True, exist_ok=True)
        return cls(path, threads, timeout)

    async def open(self) -> None:
        """Open the loop's reader and the writer."""
        with peewee_errors:
            reader, writer = await asyncio.to_thread(lambda: (self._connect(), self._connect()))
        for connection in (reader, writer):
            connection.execute("PRAGMA busy_timeout = 0")  # no lock may block the loop
        self._reader = _Reader(reader, _LOOP_SECONDS)
        self._writer = Writer(writer, self._timeout)

    async def close(self) -> None:
        """Commit queued transactions and close every connection."""
        if hasattr(self, "_writer"):
            await self._writer.close()
            self._threads.shutdown()
            for reader in (self._reader, *self._thread_readers):
                reader.connection.close()

    async def rows(self, sql: str, parameters: Sequence[Any]) -> Rows:
        """Run a reading statement.

        Raises:
            peewee.PeeweeException: the statement failed.
            TimeoutError: the statement took too long.
        """
        with peewee_errors:
            try:
                return self._reader.rows(sql, parameters)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in _RETRY_IN_THREAD:
                    raise
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(self._timeout):
                return await loop.run_in_executor(self._threads, self._in_thread, sql, parameters)

    async def transaction(self, work: Callable[[Execute], T]) -> T:
        """Run `work` in a transaction; concurrent transactions share a commit.

        Raises:
            peewee.PeeweeException: the transaction failed.
            TimeoutError: the outcome is not known yet.
        """
        with peewee_errors:
            # Twice, because the writer waits up to one timeout for the lock.
            async with asyncio.timeout(2 * self._timeout):
                return await self._writer.run(work)

    async def migrate(self, work: Callable[[peewee.Database], list[str]]) -> list[str]:
        """Run `work`, which changes the schema, under a lock against other processes."""
        return await asyncio.to_thread(self._migrate, work)

    def _migrate(self, work: Callable[[peewee.Database], list[str]]) -> list[str]:
        _check_file(self._path)
        database = peewee.SqliteDatabase(str(self._path), pragmas=_PRAGMAS, timeout=self._timeout)
        with self._migration_lock(), database.connection_context():
            return work(database)

    @contextmanager
    def _migration_lock(self) -> Iterator[None]:
        with Path(f"{self._path}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _in_thread(self, sql: str, parameters: Sequence[Any]) -> Rows:
        reader: _Reader | None = getattr(self._thread_local, "reader", None)
        if reader is None:
            reader = self._thread_local.reader = _Reader(self._connect(), self._timeout)
            self._thread_readers.append(reader)
        return reader.rows(sql, parameters)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path,
            timeout=self._timeout,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_CACHED_STATEMENTS,
        )
        for name, value in _PRAGMAS.items():
            connection.execute(f"PRAGMA {name} = {value}")
        return connection


def _check_file(path: Path) -> None:
    """Read the schema.

    Raises:
        StartupError: the file is damaged or cannot be opened.
    """
    try:
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        code = error.sqlite_errorcode & 0xFF
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise StartupError(
                f"{path} is damaged ({error}): restore a backup of it, or rescue what can be read: "
                f"sqlite3 {path} .recover | sqlite3 {path}.new"
            ) from error
        if code == sqlite3.SQLITE_CANTOPEN:
            raise StartupError(
                f"{path} cannot be opened: check the permissions of the file and of its folder"
            ) from error
        raise


class _Reader:
    """A connection whose statements are interrupted after `seconds`."""

    def __init__(self, connection: sqlite3.Connection, seconds: float) -> None:
        self.connection = connection
        self._seconds = seconds
        self._deadline = 0.0
        connection.set_progress_handler(self._is_late, _PROGRESS_STEPS)

    def rows(self, sql: str, parameters: Sequence[Any]) -> Rows:
        self._deadline = time.perf_counter() + self._seconds
        return self.connection.execute(sql, parameters).fetchall()

    def _is_late(self) -> bool:
        return time.perf_counter() > self._deadline
