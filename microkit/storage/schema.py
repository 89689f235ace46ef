"""Numbered migrations: applied at start, one process at a time, shown and undone by a command."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from peewee import Model, MySQLDatabase
from playhouse.migrations import Runner
from playhouse.pwasyncio import greenlet_spawn

if TYPE_CHECKING:
    from microkit.storage.mysql import MySql
    from microkit.storage.sqlite import Sqlite


class Schema:
    """The schema of one database and the files that lead to it."""

    def __init__(self, database: "Sqlite | MySql", migrations: Path) -> None:
        self._database = database
        self._migrations = migrations

    async def up(self) -> list[str]:
        """Apply what is not applied yet, in order; return the names."""
        return await self._run(lambda runner: runner.up())

    async def down(self) -> list[str]:
        """Undo the migration that was applied last; return its name."""
        return await self._run(lambda runner: runner.down())

    async def show(self) -> list[str]:
        """Return a line a migration: when it was applied, or that it was not."""
        return await self._run(
            lambda runner: [f"{m.name}  {m.applied or 'not applied'}" for m in runner.status()]
        )

    async def _run(self, work: Any) -> list[str]:
        def locked() -> list[str]:
            with self._database.only_one():
                done: list[str] = work(Runner(self._database, str(self._migrations)))
                return done

        async with self._database:
            lines: list[str] = await greenlet_spawn(locked)
            return lines


def create_table(database: Any, model: type[Model]) -> None:
    """Create a migration's table; on MySQL with transactions and with text compared exactly."""
    model._meta.database = database  # noqa: SLF001 - peewee's public name for it
    if isinstance(database, MySQLDatabase):
        settings = ["ENGINE=InnoDB", "DEFAULT CHARSET=utf8mb4", "COLLATE=utf8mb4_bin"]
        model._meta.table_settings = settings  # noqa: SLF001
    database.create_tables([model])
