"""SQL through peewee, awaited: a SQLite file when embedded, MySQL where the URL says so.

peewee's asyncio bridge ties a connection to the task that used it, so every call here gives its
connection back. SQLite allows one writer at a time and lets others wait by sleeping; writers queue
up here instead.
"""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import peewee
from peewee import Node
from playhouse.pwasyncio import CursorAdapter

from microkit.config import ConfigError
from microkit.errors import StoreError
from microkit.observe import observed
from microkit.storage import mysql
from microkit.storage.mysql import MySql
from microkit.storage.schema import Schema
from microkit.storage.settings import SqlSettings
from microkit.storage.sqlite import Sqlite
from microkit.storage.statement import Call, Statement

__all__ = ["Database", "IntegrityError", "Rows", "Statement", "open_database"]

_log = logging.getLogger(__name__)
T = TypeVar("T")

Rows = list[tuple[Any, ...]]
IntegrityError = peewee.IntegrityError

_ATTEMPTS: Final = 4
_DRIVER_ERRORS: Final = (peewee.PeeweeException, sqlite3.Error, OSError)


class Database:
    """One database of a service; `engine` is sqlite or mysql."""

    def __init__(self, peewee_database: Sqlite | MySql, timeout: float) -> None:
        self.engine = _engine(peewee_database)
        self._peewee = peewee_database
        self._timeout = timeout
        self._writer = asyncio.Lock()

    async def rows(self, query: Node | Call) -> Rows:
        """Run a query that reads, and return its rows; once more if the connection was lost.

        Raises:
            StoreError: the database failed or did not answer in time.
        """
        with _translated(self.engine, "rows"):
            try:
                return self._fetched(await self._run(query))
            except _DRIVER_ERRORS as error:
                if self._peewee.in_transaction() or _number(error) not in mysql.LOST:
                    raise
            return self._fetched(await self._run(query))

    async def write(self, query: Node | Call) -> CursorAdapter:
        """Run a query that writes: `rowcount` rows matched, `lastrowid` is the new one's id.

        Raises:
            IntegrityError: a constraint forbids it.
            StoreError: as `rows`; within a transaction the driver's own error.
        """
        if self._peewee.in_transaction():
            return await self._run(query)
        return await self.transaction(lambda: self._run(query))

    async def transaction(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run `work` as one step that others see completely or not at all, and return its result.

        It is run again when the database undid it (a deadlock) or the connection was lost before
        the commit was sent.

        Raises:
            StoreError: it could not be done, or nobody knows whether its commit was.
        """
        with _translated(self.engine, "transaction"):
            for attempt in range(1, _ATTEMPTS + 1):
                committing = False
                try:
                    async with self._begun():
                        result = await work()
                        committing = True
                except _DRIVER_ERRORS as error:
                    number = _number(error)
                    undone = number in mysql.ROLLED_BACK
                    undone |= number in mysql.LOST and not committing
                    if not undone or attempt == _ATTEMPTS:
                        raise
                    await asyncio.sleep(0.01 * attempt)
                else:
                    return result
        raise StoreError

    async def check(self) -> None:
        """Find out whether the database answers.

        Raises:
            StoreError: it does not.
        """
        await self.rows(peewee.SQL("SELECT 1"))

    @asynccontextmanager
    async def _begun(self) -> AsyncIterator[None]:
        if self.engine == "mysql":
            async with self._released(), self._peewee.atomic():
                yield
            return
        # BEGIN DEFERRED fails when another wrote between our read and our write.
        async with self._writer, self._released(), self._peewee.atomic("IMMEDIATE"):
            yield

    @asynccontextmanager
    async def _released(self) -> AsyncIterator[None]:
        """Give the connection back at the end."""
        try:
            yield
        finally:
            with suppress(*_DRIVER_ERRORS):
                await self._peewee.aclose()

    async def _run(self, query: Node | Call) -> CursorAdapter:
        if isinstance(query, Call):
            sql, parameters = query.statement.text(self._peewee, query.arguments)
        else:
            sql, parameters = self._peewee.get_sql_context().sql(query).query()
        with observed("sql", self.engine, sql.partition(" ")[0], _DRIVER_ERRORS):
            if self._peewee.in_transaction():
                return await self._execute(sql, parameters)
            async with self._released():
                return await self._execute(sql, parameters)

    async def _execute(self, sql: str, parameters: list[Any]) -> CursorAdapter:
        async with asyncio.timeout(self._timeout):
            return await self._peewee.aexecute_sql(sql, parameters)

    def _fetched(self, cursor: CursorAdapter) -> Rows:
        rows: Rows = list(cursor.fetchall())
        return rows


def _engine(database: Sqlite | MySql) -> str:
    return "sqlite" if isinstance(database, Sqlite) else "mysql"


def _number(error: BaseException) -> int:
    """Return a driver error's number, -1 without one."""
    first = error.args[0] if error.args else -1
    return first if isinstance(first, int) else -1


@contextmanager
def _translated(engine: str, what: str) -> Iterator[None]:
    """Raise StoreError for a driver's error; a violated constraint stays as it is."""
    try:
        yield
    except IntegrityError:
        raise
    except _DRIVER_ERRORS as error:
        _log.error("sql %s.%s: %s: %s", engine, what, type(error).__name__, error)
        raise StoreError from error


@asynccontextmanager
async def open_database(settings: SqlSettings, migrations: Path) -> AsyncIterator[Database]:
    """Open the database at `database_url` and apply the `migrations` that it lacks.

    Raises:
        ConfigError: no such kind of database.
        StoreError: it cannot be opened.
    """
    async with _opened(settings) as connected:
        with _translated(_engine(connected), "migrate"):
            await Schema(connected, migrations).up()
        yield Database(connected, settings.store_timeout_ms / 1e3)


@asynccontextmanager
async def open_schema(settings: SqlSettings, migrations: Path) -> AsyncIterator[Schema]:
    """Give the schema of the database at `database_url`, as it is.

    Raises:
        ConfigError: no such kind of database.
    """
    async with _opened(settings) as connected:
        yield Schema(connected, migrations)


@asynccontextmanager
async def _opened(settings: SqlSettings) -> AsyncIterator[Sqlite | MySql]:
    url = urlsplit(settings.database_url)
    timeout = settings.store_timeout_ms / 1e3
    made: Sqlite | MySql
    if url.scheme == "sqlite":
        made = Sqlite.of(url, settings.database_pool_size, timeout)
    elif url.scheme == "mysql":
        made = MySql.of(url, settings.database_pool_size, timeout)
    else:
        raise ConfigError("DATABASE_URL: want sqlite:////absolute/file or mysql://…")
    try:
        yield made
    finally:
        await made.close_pool()
