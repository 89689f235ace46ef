"""SQL: a SQLite file when embedded, MySQL where the URL says so. peewee builds the statements."""

import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import peewee
from peewee import Node

from microkit.config import ConfigError
from microkit.errors import StoreError
from microkit.observe import observed
from microkit.storage.engine import Engine, Execute, Result, Rows
from microkit.storage.schema import Schema
from microkit.storage.settings import SqlSettings
from microkit.storage.statement import BoundStatement, Statement

__all__ = ["Database", "IntegrityError", "Rows", "Statement", "Transaction", "open_database"]

_log = logging.getLogger(__name__)
T = TypeVar("T")

IntegrityError = peewee.IntegrityError

_DRIVER_ERRORS: Final = (peewee.PeeweeException, sqlite3.Error, OSError)


class Database:
    """One database of a service; `engine` is sqlite or mysql."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine.name
        self._engine = engine

    async def rows(self, query: Node | BoundStatement) -> Rows:
        """Run a query that reads, and return its rows; once more if the connection was lost.

        Raises:
            StoreError: the database failed or did not answer in time.
        """
        sql, parameters = self.text(query)
        with _translated(self.engine, "rows"), self.observed(sql):
            return await self._engine.rows(sql, parameters)

    async def write(self, query: Node | BoundStatement) -> Result:
        """Run a query that writes: `rowcount` rows matched, `lastrowid` is the new one's id.

        Raises:
            IntegrityError: a constraint forbids it.
            StoreError: as `transaction`.
        """
        return await self.transaction(lambda within: within.write(query))

    async def transaction(self, work: "Callable[[Transaction], T]") -> T:
        """Run `work` as one step that others see completely or not at all, and return its result.

        `work` does nothing but ask `Transaction`: it may be run again when the database undid it
        (a deadlock). Concurrent callers may share one commit; each is answered after it.

        Raises:
            IntegrityError: a constraint forbids it.
            StoreError: it could not be done, or nobody knows whether its commit was.
        """
        with _translated(self.engine, "transaction"):
            return await self._engine.transaction(lambda execute: work(Transaction(self, execute)))

    async def check(self) -> None:
        """Find out whether the database answers.

        Raises:
            StoreError: it does not.
        """
        await self.rows(peewee.SQL("SELECT 1"))

    def text(self, query: Node | BoundStatement) -> tuple[str, list[Any]]:
        """Return a query's SQL and its parameters."""
        if isinstance(query, BoundStatement):
            return query.statement.text(self._engine.dialect, query.arguments)
        context = self._engine.dialect.get_sql_context()
        sql, parameters = context.sql(query).query()  # type: ignore[no-untyped-call]
        return sql, parameters

    def observed(self, sql: str) -> observed:
        """Observe one statement, by its verb."""
        return observed("sql", self.engine, sql.partition(" ")[0], _DRIVER_ERRORS)


class Transaction:
    """Runs the statements of one transaction, one after another."""

    __slots__ = ("_database", "_execute")

    def __init__(self, database: Database, execute: Execute) -> None:
        self._database = database
        self._execute = execute

    def rows(self, query: Node | BoundStatement) -> Rows:
        """Run a query that reads, and return its rows; it sees what was written before."""
        return self._run(query).rows

    def write(self, query: Node | BoundStatement) -> Result:
        """Run a query that writes: `rowcount` rows matched, `lastrowid` is the new one's id."""
        return self._run(query)

    def _run(self, query: Node | BoundStatement) -> Result:
        sql, parameters = self._database.text(query)
        with self._database.observed(sql):
            return self._execute(sql, parameters)


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
    async with _closing(settings) as engine:
        with _translated(engine.name, "migrate"):
            await Schema(engine, migrations).up()
            await engine.open()
        yield Database(engine)


@asynccontextmanager
async def open_schema(settings: SqlSettings, migrations: Path) -> AsyncIterator[Schema]:
    """Give the schema of the database at `database_url`, as it is.

    Raises:
        ConfigError: no such kind of database.
    """
    async with _closing(settings) as engine:
        yield Schema(engine, migrations)


@asynccontextmanager
async def _closing(settings: SqlSettings) -> AsyncIterator[Engine]:
    engine = _engine(settings)
    try:
        yield engine
    finally:
        await engine.close()


def _engine(settings: SqlSettings) -> Engine:
    url = urlsplit(settings.database_url)
    timeout = settings.store_timeout_ms / 1e3
    if url.scheme == "sqlite":
        from microkit.storage.sqlite import Sqlite

        return Sqlite.of(url, settings.database_pool_size, timeout)
    if url.scheme == "mysql":
        from microkit.storage.mysql import MySql

        return MySql.of(url, settings.database_pool_size, timeout)
    raise ConfigError("DATABASE_URL: want sqlite:////absolute/file or mysql://…")
