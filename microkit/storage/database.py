"""SQL through peewee, awaited: a SQLite file when embedded, MySQL where the URL says so.

peewee's asyncio bridge ties a connection to the task that used it, so every call here gives its
connection back. SQLite allows one writer at a time and lets others wait by sleeping; writers queue
up here instead.
"""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import peewee
from peewee import Model, Node, SchemaManager, Value
from playhouse.pwasyncio import (
    AsyncSqliteConnection,
    AsyncSqliteDatabase,
    AsyncSqlitePool,
    CursorAdapter,
    greenlet_spawn,
)

from microkit.config import ConfigError, Settings
from microkit.errors import StoreError
from microkit.metrics import store_calls

_log = logging.getLogger(__name__)

Rows = list[tuple[Any, ...]]
IntegrityError = peewee.IntegrityError

_PRAGMAS: Final = {
    "journal_mode": "wal",
    # An acknowledged write survives the machine, not only the process.
    "synchronous": "full",
    "foreign_keys": 1,
    "cache_size": -8192,
}


class Statement:
    """A query that peewee builds once and that runs often: `build` gets a placeholder an argument.

    A list argument (for IN) is padded to the next power of two by repeating its last element, so
    that few texts serve every length.
    """

    __slots__ = ("_build", "_texts")

    def __init__(self, build: Callable[..., Node]) -> None:
        self._build = build
        self._texts: dict[tuple[Any, ...], tuple[str, list[Any]]] = {}

    def __call__(self, **arguments: Any) -> "Call":
        """Return the statement with its arguments, ready to run."""
        return Call(self, arguments)

    def text(self, database: Any, arguments: dict[str, Any]) -> tuple[str, list[Any]]:
        """Return the SQL and its parameters for `database`."""
        padded = {name: _pad(value) for name, value in arguments.items()}
        shape = (
            type(database),
            *(len(value) if isinstance(value, list) else 0 for value in padded.values()),
        )
        if shape not in self._texts:
            slots = {name: _slots(name, value) for name, value in padded.items()}
            self._texts[shape] = database.get_sql_context().sql(self._build(**slots)).query()
        sql, parameters = self._texts[shape]
        return sql, [p.of(padded) if isinstance(p, _Slot) else p for p in parameters]


class Call:
    """A statement and its arguments."""

    __slots__ = ("arguments", "statement")

    def __init__(self, statement: Statement, arguments: dict[str, Any]) -> None:
        self.statement = statement
        self.arguments = arguments


class _Slot:
    """The place of one parameter."""

    __slots__ = ("index", "name")

    def __init__(self, name: str, index: int | None = None) -> None:
        self.name = name
        self.index = index

    def of(self, arguments: dict[str, Any]) -> Any:
        value = arguments[self.name]
        return value if self.index is None else value[self.index]


def _slots(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [Value(_Slot(name, i), converter=False) for i in range(len(value))]
    return Value(_Slot(name), converter=False)


def _pad(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    if not value:
        raise ValueError("an empty list matches nothing: do not ask")
    return value + value[-1:] * ((1 << (len(value) - 1).bit_length()) - len(value))


class Database:
    """One database of a service."""

    def __init__(self, peewee_database: Any, engine: str, timeout: float) -> None:
        self.engine = engine
        self._peewee = peewee_database
        self._timeout = timeout
        self._writer = asyncio.Lock()
        self._calls = store_calls("sql")

    async def rows(self, query: Node | Call) -> Rows:
        """Run a query that reads, and return its rows.

        Raises:
            StoreError: the database failed or did not answer in time.
        """
        found: Rows = (await self._run(query)).fetchall()
        return found

    async def write(self, query: Node | Call) -> CursorAdapter:
        """Run a query that writes: `rowcount` rows changed, `lastrowid` is the new one's id.

        Raises:
            IntegrityError: a constraint forbids it.
            StoreError: as `rows`.
        """
        if self.engine != "sqlite" or self._peewee.in_transaction():
            return await self._run(query)
        async with self._writer:
            return await self._run(query)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Run what is inside as one step that others see completely or not at all.

        Raises:
            StoreError: it could not be begun or committed.
        """
        async with AsyncExitStack() as stack:
            if self.engine == "sqlite":
                # BEGIN DEFERRED fails when another wrote between our read and our write.
                await stack.enter_async_context(self._writer)
                atomic = self._peewee.atomic("IMMEDIATE")
            else:
                atomic = self._peewee.atomic()
            stack.push_async_callback(self._peewee.aclose)
            with _translated():
                async with atomic:
                    yield

    async def check(self) -> None:
        """Find out whether the database answers.

        Raises:
            StoreError: it does not.
        """
        await self.rows(peewee.SQL("SELECT 1"))

    async def create_tables(self, models: Sequence[type[Model]]) -> None:
        """Make the tables and indexes that are missing."""
        with _translated():
            for model in models:
                schema = SchemaManager(model, self._peewee)
                await greenlet_spawn(schema.create_all, safe=True)
            await self._peewee.aclose()

    async def _run(self, query: Node | Call) -> CursorAdapter:
        self._calls.inc()
        if isinstance(query, Call):
            sql, parameters = query.statement.text(self._peewee, query.arguments)
        else:
            sql, parameters = self._peewee.get_sql_context().sql(query).query()
        inside = self._peewee.in_transaction()
        try:
            with _translated():
                async with asyncio.timeout(self._timeout):
                    return await self._peewee.aexecute_sql(sql, parameters)
        finally:
            if not inside:
                await self._peewee.aclose()


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what a driver raises into StoreError; a broken constraint stays as it is."""
    try:
        yield
    except IntegrityError:
        raise
    except (peewee.PeeweeException, sqlite3.Error, OSError) as error:
        _log.error("sql: %s: %s", type(error).__name__, error)
        raise StoreError from error


class _SqliteConnection(AsyncSqliteConnection):  # type: ignore[misc]
    """Runs a statement in one hop to the connection's thread, not one for each cursor call."""

    async def _execute(self, sql: str, parameters: Sequence[Any] | None = None) -> CursorAdapter:
        return await self.conn._execute(self._at_once, sql, parameters or ())  # noqa: SLF001

    def _at_once(self, sql: str, parameters: Sequence[Any]) -> CursorAdapter:
        cursor = self.conn._conn.execute(sql, parameters)  # noqa: SLF001
        rows = cursor.fetchall()
        return CursorAdapter(rows, cursor.lastrowid, cursor.rowcount, cursor.description)


class _SqlitePool(AsyncSqlitePool):  # type: ignore[misc]
    async def _create_connection(self) -> _SqliteConnection:
        made = await super()._create_connection()
        return _SqliteConnection(made.conn)


class _Sqlite(AsyncSqliteDatabase):  # type: ignore[misc]
    async def _create_pool_async(self) -> _SqlitePool:
        pool = _SqlitePool(
            self.database,
            pool_size=self._pool_size,
            on_connect=self._add_conn_hooks,
            timeout=self._timeout,
            **self.connect_params,
        )
        return await pool.initialize()


@asynccontextmanager
async def open_database(
    settings: Settings, models: Sequence[type[Model]]
) -> AsyncIterator[Database]:
    """Open the database at `database_url` and see to it that the tables of `models` are there.

    Raises:
        ConfigError: no such kind of database.
        StoreError: it cannot be opened.
    """
    engine, connect = _engine(settings)
    database = Database(connect, engine, settings.store_timeout_ms / 1e3)
    try:
        await database.create_tables(models)
        yield database
    finally:
        await connect.close_pool()


def _engine(settings: Settings) -> tuple[str, Any]:
    url = urlsplit(settings.database_url)
    if url.scheme == "sqlite" and url.path.startswith("/"):
        path = Path(url.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        return "sqlite", _Sqlite(
            str(path), pool_size=settings.database_pool_size, pragmas=_PRAGMAS, timeout=5
        )
    raise ConfigError("DATABASE_URL: want sqlite:////absolute/file")
