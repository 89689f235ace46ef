"""MySQL 8 and MariaDB, through aiomysql."""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from typing import Any, Final, TypeVar
from urllib.parse import SplitResult, unquote

import aiomysql
import peewee
import pymysql
from peewee import __exception_wrapper__ as peewee_errors  # type: ignore[attr-defined]
from playhouse.pwasyncio import AsyncMySQLConnection, AsyncMySQLDatabase, await_, greenlet_spawn

from microkit.background import BackgroundTasks
from microkit.config import ConfigError
from microkit.saturation import Usage, track
from microkit.storage.engine import Execute, Result, Rows, Text
from microkit.storage.settings import SqlSettings
from microkit.storage.url import is_secure, trust

_log = logging.getLogger(__name__)
T = TypeVar("T")

INVALID: Final = "DATABASE_URL: want mysql://user:password@host:port/name, with ?secure=1 for TLS"
PORT: Final = 3306
_LOCK_SECONDS: Final = 60
_WAIT_SECONDS: Final = 28_800  # MySQL's default
_ATTEMPTS: Final = 4
_PAUSE_SECONDS: Final = 0.01
# MySQL 8 warns about a strict mode without the three in the middle.
_SQL_MODE: Final = (
    "sql_mode='STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION'"
)

_LOST: Final = frozenset({0, 2003, 2006, 2013, 2014, 2055})
"""Error numbers of a lost connection: the outcome of the running statement is unknown."""
_ROLLED_BACK: Final = frozenset({1205, 1213})
"""Error numbers of a lock timeout and a deadlock: the server rolled the transaction back."""


class MySql:
    """One database on a server. A transaction is a function, so that it can be retried."""

    name = "mysql"

    def __init__(self, database: "_Database", timeout: float) -> None:
        self.dialect: peewee.Database = database
        self._database = database
        self._timeout = timeout

    @classmethod
    def of(cls, url: SplitResult, settings: SqlSettings, timeout: float) -> "MySql":
        """Return the database of ``mysql://user:password@host:port/name`` (``?secure=1`` for TLS).

        Raises:
            ConfigError: the URL is invalid.
        """
        name = url.path.strip("/")
        if not url.hostname or not name or "/" in name:
            raise ConfigError(INVALID)
        secure = is_secure(url, INVALID)
        database = _Database(
            name,
            host=url.hostname,
            port=url.port or PORT,
            user=unquote(url.username or ""),
            password=unquote(url.password or ""),
            charset="utf8mb4",
            pool_size=settings.database_pool_size,
            ssl=trust("DATABASE_CA_FILE", settings.database_ca_file) if secure else None,
            acquire_timeout=timeout,
            connect_timeout=timeout,
            # FOUND_ROWS: rowcount is the rows that matched, also if their values did not change.
            client_flag=2,
            init_command=f"SET SESSION {_SQL_MODE} {_time_limit(timeout)}",
        )
        return cls(database, timeout)

    async def open(self) -> None:
        """Do nothing: connections are opened on first use."""

    async def close(self) -> None:
        """Close every connection."""
        await self._database.close_pool()

    async def rows(self, sql: str, parameters: Sequence[Any]) -> Rows:
        """Run a reading statement; retried once if the connection was lost.

        Raises:
            peewee.PeeweeException: the statement failed.
            TimeoutError: the server did not reply in time.
        """
        try:
            return await self._rows(sql, parameters)
        except (peewee.PeeweeException, OSError) as error:
            if _number(error) not in _LOST:
                raise
        return await self._rows(sql, parameters)

    async def transaction(self, work: Callable[[Execute], T]) -> T:
        """Run `work` in a transaction and return its result after the commit.

        It is retried if the server rolled it back (deadlock, lock timeout), or if the connection
        was lost before the commit was sent.

        Raises:
            peewee.PeeweeException: the transaction failed, or its outcome is unknown.
            TimeoutError: the server did not reply in time.
        """
        committing = False

        def run_in_transaction() -> T:
            nonlocal committing
            with self._database.atomic():
                result = work(self._execute)
                committing = True
            return result

        for attempt in range(1, _ATTEMPTS + 1):
            committing = False
            try:
                async with self._released():
                    result: T = await greenlet_spawn(run_in_transaction)
            except (peewee.PeeweeException, OSError) as error:
                number = _number(error)
                rolled_back = number in _ROLLED_BACK or (number in _LOST and not committing)
                if not rolled_back or attempt == _ATTEMPTS:
                    raise
                await asyncio.sleep(_PAUSE_SECONDS * attempt)
            else:
                return result
        raise AssertionError("the last attempt returns or raises")

    async def together(self, statements: Sequence[Text]) -> list[Rows]:
        """Run reading statements in their order, in one round trip; never retried.

        Raises:
            peewee.PeeweeException: a statement failed.
            TimeoutError: the server did not reply in time.
        """
        text = "; ".join(sql for sql, _ in statements)
        parameters = [each for _, own in statements for each in own]
        async with asyncio.timeout(self._timeout), self._released():
            connection = await self._database.aconnect()
            with peewee_errors:
                async with connection.conn.cursor() as cursor:
                    await cursor.execute(text, parameters)
                    found = [list(await cursor.fetchall())]
                    while await cursor.nextset():
                        found.append(list(await cursor.fetchall()))
                    return found

    async def migrate(self, work: Callable[[peewee.Database], list[str]]) -> list[str]:
        """Run `work`, which changes the schema, under a lock against other processes."""

        def locked() -> list[str]:
            with self._database.migration_lock():
                self._database.execute_sql(f"SET SESSION {_SQL_MODE} {_time_limit(0)}")
                try:
                    return work(self._database)
                finally:
                    limit = _time_limit(self._timeout)
                    self._database.execute_sql(f"SET SESSION {_SQL_MODE} {limit}")

        async with self._database:
            lines: list[str] = await greenlet_spawn(locked)
            return lines

    async def _rows(self, sql: str, parameters: Sequence[Any]) -> Rows:
        async with asyncio.timeout(self._timeout), self._released():
            connection = await self._database.aconnect()
            with peewee_errors:
                async with connection.conn.cursor() as cursor:
                    await cursor.execute(sql, parameters)
                    return list(await cursor.fetchall())

    def _execute(self, sql: str, parameters: Sequence[Any]) -> Result:
        cursor = await_(self._in_time(sql, parameters))
        return Result(list(cursor.fetchall()), cursor.rowcount, cursor.lastrowid or 0)

    async def _in_time(self, sql: str, parameters: Sequence[Any]) -> Any:
        async with asyncio.timeout(self._timeout):
            return await self._database.aexecute_sql(sql, parameters)

    @asynccontextmanager
    async def _released(self) -> AsyncIterator[None]:
        """Release the task's connection at the end; peewee would keep it until the task ends."""
        try:
            yield
        finally:
            with suppress(peewee.PeeweeException, OSError):
                await self._database.aclose()


def _time_limit(seconds: float) -> str:
    """Return what SET SESSION sets besides the SQL mode: how long statements may take, 0 unlimited.

    A statement ends in the server too if nobody is left to kill it (see `_Pool.release`). The
    variable has another name and unit on each server: MariaDB reads the first comment and not
    versions 50700 to 50799, MySQL the second, for SELECT only.

    A transaction whose process is frozen or out of reach holds its locks, such as the one that all
    publishes need, until the server ends the connection: MariaDB after that time too, MySQL, which
    has a limit for idle connections only, after twenty times as long.
    """
    milliseconds, idle = round(seconds * 1e3), math.ceil(seconds)
    of_mariadb = f"max_statement_time={seconds}, idle_transaction_timeout={idle}"
    of_mysql = f"max_execution_time={milliseconds}, wait_timeout={20 * idle or _WAIT_SECONDS}"
    return f"/*M! , {of_mariadb} */ /*!50799 , {of_mysql} */"


def _number(error: BaseException) -> int:
    """Return the number of a driver's error, -1 if it has none."""
    first = error.args[0] if error.args else -1
    return first if isinstance(first, int) else -1


class _Database(AsyncMySQLDatabase):  # type: ignore[misc]
    """peewee's asyncio database, with a pool that is safe under cancellation."""

    server_version: tuple[int, ...] | None

    def rollback(self) -> None:
        """Roll back; if the connection is lost, the server has done so."""
        connection = self._state.conn
        if connection is not None and not connection.stale():
            super().rollback()

    async def _create_pool_async(self) -> "_Pool":
        return _Pool(self._pool_size, {"db": self.database, **self.connect_params})

    async def _pool_acquire(self, pool: "_Pool") -> AsyncMySQLConnection:
        # Not wait_for: it may lose the acquired connection if its caller is cancelled.
        async with asyncio.timeout(self._acquire_timeout):
            connection = await pool.acquire()
        if self.server_version is None:
            self.server_version = self._extract_server_version(connection.get_server_info())
        return AsyncMySQLConnection(connection)

    async def _pool_release(self, connection: AsyncMySQLConnection) -> None:
        self._pool.release(connection.conn)

    async def _pool_close(self) -> None:
        await self._pool.close()

    @contextmanager
    def migration_lock(self) -> Iterator[None]:
        """Hold a server-wide lock named after the database, on the current connection."""
        name = f"migrate {self.database}"[:64]
        acquired = self.execute_sql("SELECT GET_LOCK(%s, %s)", (name, _LOCK_SECONDS)).fetchone()
        if acquired != (1,):
            raise ConfigError("another process holds the migration lock for too long")
        try:
            yield
        finally:
            self.execute_sql("SELECT RELEASE_LOCK(%s)", (name,))


class _Pool:
    """A pool of at most `size` connections whose callers may be cancelled at any time.

    aiomysql's pool loses connections and waiters to cancelled callers.
    """

    def __init__(self, size: int, parameters: dict[str, Any]) -> None:
        self._parameters = parameters
        self._slots = asyncio.Semaphore(size)
        self._idle: list[aiomysql.Connection] = []
        self._closed = False
        self._abandoned: list[int] = []  # thread ids in the server
        self._killing = BackgroundTasks()
        self._usage = Usage(0, 0, size)
        track(self, "sql_pool", "mysql", lambda pool: pool._usage)  # noqa: SLF001

    def _count(self, in_use: int, waiting: int) -> None:
        usage = self._usage
        self._usage = Usage(usage.in_use + in_use, usage.waiting + waiting, usage.limit)

    async def acquire(self) -> aiomysql.Connection:
        """Return the connection used last, or a new one."""
        self._count(0, +1)
        try:
            await self._slots.acquire()
        finally:
            self._count(0, -1)
        self._count(+1, 0)
        try:
            while self._idle:
                connection = self._idle.pop()
                if not _closed_by_server(connection):
                    return connection
                connection.close()
            return await self._connect()
        except BaseException:
            self._free_slot()
            raise

    def _free_slot(self) -> None:
        self._slots.release()
        self._count(-1, 0)

    def release(self, connection: aiomysql.Connection) -> None:
        """Return a connection; one with an open transaction is closed, which rolls it back.

        If its caller gave up in the middle of a statement, the server would go on with it, and with
        its transaction and locks, until it answers: it is killed.
        """
        self._free_slot()
        if _abandoned(connection):
            self._abandoned.append(connection.thread_id())
            if not self._killing:
                self._killing.start(self._kill())
        elif self._closed or connection.closed or connection.get_transaction_status():
            connection.close()
        else:
            self._idle.append(connection)

    async def close(self) -> None:
        """Close idle connections now and the others on release."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()
        await self._killing.close(self._parameters["connect_timeout"])

    async def _connect(self) -> aiomysql.Connection:
        return await aiomysql.connect(autocommit=True, **self._parameters)

    async def _kill(self) -> None:
        """End what abandoned connections run, on one more connection, besides the `size`."""
        try:
            async with asyncio.timeout(self._parameters["connect_timeout"]):
                connection = await self._connect()
                with closing(connection):
                    while self._abandoned:
                        with suppress(pymysql.OperationalError):  # it has ended by itself
                            await connection.query(f"KILL {self._abandoned.pop()}")
        except (pymysql.MySQLError, OSError) as error:
            # They end by the server's time limits.
            _log.warning("%d statements were not killed: %s", len(self._abandoned), error)
            self._abandoned.clear()


def _abandoned(connection: aiomysql.Connection) -> bool:
    """Return whether the connection was closed because a caller was cancelled in a statement."""
    return bool(connection._close_reason)  # noqa: SLF001 - no public equivalent


def _closed_by_server(connection: aiomysql.Connection) -> bool:
    reader = connection._reader  # noqa: SLF001 - no public equivalent
    return bool(reader.at_eof() or reader.exception() or reader.eof_received)
