"""MySQL 8 and MariaDB, through aiomysql."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import SplitResult, unquote

import aiomysql
from playhouse.pwasyncio import AsyncMySQLConnection, AsyncMySQLDatabase

from microkit.config import ConfigError

_PORT: Final = 3306
_LOCK_SECONDS: Final = 60

LOST: Final = frozenset({0, 2003, 2006, 2013, 2014, 2055})
"""Error numbers of a connection that is gone: what was under way may or may not have been done."""
ROLLED_BACK: Final = frozenset({1205, 1213})
"""A lock wait that took too long, a deadlock: the server undid the transaction."""


class MySql(AsyncMySQLDatabase):  # type: ignore[misc]
    """peewee's asyncio database on a server."""

    server_version: tuple[int, ...] | None

    @classmethod
    def of(cls, url: SplitResult, pool_size: int, timeout: float) -> "MySql":
        """Return the database of ``mysql://user:password@host:port/name``.

        Raises:
            ConfigError: no host or no name.
        """
        name = url.path.strip("/")
        if not url.hostname or not name:
            raise ConfigError("DATABASE_URL: want mysql://user:password@host:port/name")
        return cls(
            name,
            host=url.hostname,
            port=url.port or _PORT,
            user=unquote(url.username or ""),
            password=unquote(url.password or ""),
            charset="utf8mb4",
            pool_size=pool_size,
            acquire_timeout=timeout,
            connect_timeout=timeout,
            # Rows that match, not rows that change: an update with the same value found its row.
            client_flag=2,
            init_command="SET SESSION sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
        )

    def rollback(self) -> None:
        """Undo the transaction; where the connection is gone, the server has done it."""
        connection = self._state.conn
        if connection is not None and not connection.stale():
            super().rollback()

    async def _create_pool_async(self) -> "_Pool":
        return _Pool(self._pool_size, {"db": self.database, **self.connect_params})

    async def _pool_acquire(self, pool: "_Pool") -> AsyncMySQLConnection:
        # Not wait_for, which loses what it waited for when its caller is cancelled just then.
        async with asyncio.timeout(self._acquire_timeout):
            connection = await pool.acquire()
        if self.server_version is None:
            self.server_version = self._extract_server_version(connection.get_server_info())
        return AsyncMySQLConnection(connection)

    async def _pool_release(self, connection: AsyncMySQLConnection) -> None:
        self._pool.release(connection.conn)

    async def _pool_close(self) -> None:
        self._pool.close()

    @contextmanager
    def only_one(self) -> Iterator[None]:
        """Keep other processes from doing the same at the same time; within one connection."""
        name = f"migrate {self.database}"[:64]
        held = self.execute_sql("SELECT GET_LOCK(%s, %s)", (name, _LOCK_SECONDS)).fetchone()
        if held != (1,):
            raise ConfigError("another process migrates the schema and does not finish")
        try:
            yield
        finally:
            self.execute_sql("SELECT RELEASE_LOCK(%s)", (name,))


class _Pool:
    """At most `size` connections, each checked out by one caller, who may be cancelled any time.

    aiomysql's own pool loses connections and waiters to cancelled callers.
    """

    def __init__(self, size: int, parameters: dict[str, Any]) -> None:
        self._parameters = parameters
        self._places = asyncio.Semaphore(size)
        self._idle: list[aiomysql.Connection] = []
        self._closed = False

    async def acquire(self) -> aiomysql.Connection:
        """Return the connection used last, or a new one."""
        await self._places.acquire()
        try:
            while self._idle:
                connection = self._idle.pop()
                if not _ended(connection):
                    return connection
                connection.close()
            return await aiomysql.connect(autocommit=True, **self._parameters)
        except BaseException:
            self._places.release()
            raise

    def release(self, connection: aiomysql.Connection) -> None:
        """Take a connection back; one that is within a transaction is closed, which undoes it."""
        self._places.release()
        if self._closed or connection.closed or connection.get_transaction_status():
            connection.close()
        else:
            self._idle.append(connection)

    def close(self) -> None:
        """Close what is idle now, and the rest when it comes back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()


def _ended(connection: aiomysql.Connection) -> bool:
    """Did the server close it while it was idle?"""
    reader = connection._reader  # noqa: SLF001 - nothing public tells
    return bool(reader.at_eof() or reader.exception() or reader.eof_received)
