"""Numbered schema migrations: applied at start under a lock; listed and undone by commands."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from peewee import Model, MySQLDatabase
from playhouse.migrations import Runner

from microkit.storage.engine import Engine


class Schema:
    """The schema of one database and its migrations."""

    def __init__(self, engine: Engine, migrations: Path) -> None:
        self._engine = engine
        self._migrations = migrations

    async def up(self) -> list[str]:
        """Apply pending migrations in order; return their names."""
        return await self._run(lambda runner: runner.up())

    async def down(self) -> list[str]:
        """Undo the last applied migration; return its name."""
        return await self._run(lambda runner: runner.down())

    async def show(self) -> list[str]:
        """Return a line per migration: its name and when it was applied, if it was."""
        return await self._run(
            lambda runner: [f"{m.name}  {m.applied or 'not applied'}" for m in runner.status()]
        )

    async def _run(self, work: Callable[[Any], list[str]]) -> list[str]:
        folder = str(self._migrations)
        return await self._engine.migrate(lambda database: work(Runner(database, folder)))


def create_table(database: Any, model: type[Model]) -> None:
    """Create a migration's table; on MySQL as InnoDB with a binary collation."""
    model._meta.database = database  # noqa: SLF001 - peewee's public name for it
    if isinstance(database, MySQLDatabase):
        settings = ["ENGINE=InnoDB", "DEFAULT CHARSET=utf8mb4", "COLLATE=utf8mb4_bin"]
        model._meta.table_settings = settings  # noqa: SLF001
        model._meta.without_rowid = False  # noqa: SLF001 - InnoDB has no other tables
    database.create_tables([model])


def add_column(database: Any, table: str, column: str, definition: str) -> None:
    """Add a migration's column, unless that was done before: MySQL commits each change at once.

    Args:
        database: that of the migration.
        table: the name of an existing table.
        column: the name of the new column.
        definition: its SQL type, and NULL or a default. Processes of older versions go on inserting
            rows and do not name the column; a field's default in peewee is not one of the server.
    """
    if column not in {each.name for each in database.get_columns(table)}:
        database.execute_sql(f"ALTER TABLE `{table}` ADD COLUMN `{column}` {definition}")


def add_index(migrator: Any, database: Any, table: str, column: str) -> None:
    """Add a migration's index on one column, unless that was done before, as with `add_column`."""
    if not any(index.columns == [column] for index in database.get_indexes(table)):
        migrator.migrate(migrator.add_index(table, (column,), False))
