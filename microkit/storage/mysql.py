"""MySQL 8 and MariaDB, through aiomysql."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import SplitResult, unquote

from playhouse.pwasyncio import AsyncMySQLDatabase

from microkit.config import ConfigError

_PORT: Final = 3306
_LOCK_SECONDS: Final = 60

LOST: Final = frozenset({0, 2003, 2006, 2013, 2014, 2055})
"""Error numbers of a connection that is gone: what was under way may or may not have been done."""
ROLLED_BACK: Final = frozenset({1205, 1213})
"""A lock wait that took too long, a deadlock: the server undid the transaction."""


class MySql(AsyncMySQLDatabase):  # type: ignore[misc]
    """peewee's asyncio database on a server."""

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
            pool_min_size=1,
            acquire_timeout=timeout,
            connect_timeout=timeout,
            # Rows that match, not rows that change: an update with the same value found its row.
            client_flag=2,
            init_command="SET SESSION sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
        )

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
