"""SQL databases: SQLite or MySQL by URL; peewee builds the statements."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import peewee
from peewee import Node

from microkit import trace
from microkit.config import ConfigError
from microkit.errors import StoreError
from microkit.observe import observed
from microkit.storage.engine import DRIVER_ERRORS, Engine, Execute, Result, Rows
from microkit.storage.replicas import Replicas, open_replicas
from microkit.storage.schema import Schema
from microkit.storage.settings import SqlSettings
from microkit.storage.statement import BoundStatement, Statement
from microkit.storage.url import split, split_replicas

__all__ = ["Database", "IntegrityError", "Rows", "Statement", "Transaction", "open_database"]

_log = logging.getLogger(__name__)
T = TypeVar("T")

IntegrityError = peewee.IntegrityError


class Database:
    """A database; `engine` is its name: sqlite or mysql."""

    def __init__(self, engine: Engine, replicas: Replicas | None = None) -> None:
        self.engine = engine.name
        self._engine = engine
        self._replicas = replicas

    async def rows(self, query: Node | BoundStatement) -> Rows:
        """Run a reading query and return its rows; retried once if the connection was lost.

        Raises:
            StoreError: the database failed or timed out.
        """
        sql, parameters = self.text(query)
        with _map_driver_errors(self.engine, "rows"), self.observed(sql):
            trace.annotate("db.query.text", sql)
            return await self._engine.rows(sql, parameters)

    async def listed(
        self,
        query: Node | BoundStatement,
        version: Node | BoundStatement,
        current: Callable[[], Awaitable[int]],
    ) -> Rows:
        """Return the rows of a list, with every change that was acknowledged before the call.

        If there are replicas, one of them may read the list. Never use it for what decides a write.

        Args:
            query: selects the rows.
            version: selects the number that every change of the list moves, see `Replicas`.
            current: reads that number from this database; concurrent callers should share it.

        Raises:
            StoreError: as `rows`.
        """
        if self._replicas is not None:
            found = await self._replicas.listed(self.text(query), self.text(version), current)
            if found is not None:
                return found
        return await self.rows(query)

    async def write(self, query: Node | BoundStatement) -> Result:
        """Run a writing query in a transaction of its own; see `Result`.

        Raises:
            IntegrityError: a constraint is violated.
            StoreError: as `transaction`.
        """
        return await self.transaction(lambda transaction: transaction.write(query))

    async def transaction(self, work: "Callable[[Transaction], T]") -> T:
        """Run `work` in a transaction and return its result after the commit.

        `work` must have no effect besides its statements: after a deadlock it is run again.
        Concurrent transactions may share one commit.

        Raises:
            IntegrityError: a constraint is violated.
            StoreError: the transaction failed, or the outcome of its commit is unknown.
        """
        with _map_driver_errors(self.engine, "transaction"):
            return await self._engine.transaction(lambda execute: work(Transaction(self, execute)))

    async def check(self) -> None:
        """Check that the database replies.

        Raises:
            StoreError: it does not.
        """
        await self.rows(peewee.SQL("SELECT 1"))

    def states(self) -> dict[str, str]:
        """Return whether each replica is in use, by its address."""
        return self._replicas.states if self._replicas is not None else {}

    def text(self, query: Node | BoundStatement) -> tuple[str, list[Any]]:
        """Return the SQL of a query and its parameters."""
        if isinstance(query, BoundStatement):
            return query.statement.text(self._engine.dialect, query.arguments)
        context = self._engine.dialect.get_sql_context()
        sql, parameters = context.sql(query).query()  # type: ignore[no-untyped-call]
        return sql, parameters

    def observed(self, sql: str) -> observed:
        """Return the observation of one statement; its method is the SQL verb."""
        return observed("sql", self.engine, sql.partition(" ")[0], DRIVER_ERRORS)


class Transaction:
    """Runs the statements of one transaction."""

    __slots__ = ("_database", "_execute")

    def __init__(self, database: Database, execute: Execute) -> None:
        self._database = database
        self._execute = execute

    def rows(self, query: Node | BoundStatement) -> Rows:
        """Run a reading query and return its rows; it sees this transaction's writes."""
        return self._run(query).rows

    def write(self, query: Node | BoundStatement) -> Result:
        """Run a writing query; see `Result`."""
        return self._run(query)

    def _run(self, query: Node | BoundStatement) -> Result:
        sql, parameters = self._database.text(query)
        with self._database.observed(sql):
            trace.annotate("db.query.text", sql)
            return self._execute(sql, parameters)


@contextmanager
def _map_driver_errors(engine: str, method: str) -> Iterator[None]:
    """Log a driver's error and raise StoreError; an IntegrityError passes."""
    try:
        yield
    except IntegrityError:
        raise
    except DRIVER_ERRORS as error:
        _log.error("sql %s.%s: %s: %s", engine, method, type(error).__name__, error)
        raise StoreError from error


@asynccontextmanager
async def open_database(settings: SqlSettings, migrations: Path) -> AsyncIterator[Database]:
    """Open the database at `database_url` and apply pending `migrations`.

    Raises:
        ConfigError: the URL is invalid.
        StoreError: the database cannot be opened.
    """
    async with _open_engine(settings) as engine:
        with _map_driver_errors(engine.name, "migrate"):
            await Schema(engine, migrations).up()
            await engine.open()
        async with open_replicas(settings) as replicas:
            yield Database(engine, replicas)


@asynccontextmanager
async def open_schema(settings: SqlSettings, migrations: Path) -> AsyncIterator[Schema]:
    """Open the schema of the database at `database_url` without applying migrations.

    Raises:
        ConfigError: the URL is invalid.
    """
    async with _open_engine(settings) as engine:
        yield Schema(engine, migrations)


@asynccontextmanager
async def _open_engine(settings: SqlSettings) -> AsyncIterator[Engine]:
    engine = _engine(settings)
    try:
        yield engine
    finally:
        await engine.close()


def _engine(settings: SqlSettings) -> Engine:
    invalid = "DATABASE_URL: want sqlite:////absolute/file or mysql://user:password@host:port/name"
    url = split(settings.database_url, invalid)
    timeout = settings.store_timeout_ms / 1e3
    if url.scheme == "sqlite":
        from microkit.storage.sqlite import Sqlite

        return Sqlite.of(url, settings.database_pool_size, timeout)
    if url.scheme == "mysql":
        from microkit.storage.mysql import MySql

        return MySql.of(split_replicas(url)[0], settings, timeout)
    raise ConfigError(invalid)
