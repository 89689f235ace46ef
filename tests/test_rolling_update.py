"""Processes of an older version go on writing while the schema is newer already."""

import shutil

import pytest
import stores
from peewee import SQL

from microkit.config import load
from microkit.storage.database import open_database
from scripts.supervisor.system import SERVICES

STORED = [service for service in SERVICES if service.migrations().exists()]
# A key of older versions cannot exist: it is made from the name, and unique.
WITHOUT_DEFAULT = {("user", "name_key")}
# Tables, columns, and whether an INSERT may leave them out.
COLUMNS = {
    "sqlite": SQL(
        'SELECT m.name, c.name, NOT c."notnull" OR c.dflt_value IS NOT NULL '
        "FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"
    ),
    "mysql": SQL(
        "SELECT table_name, column_name, is_nullable = 'YES' OR column_default IS NOT NULL "
        "FROM information_schema.columns WHERE table_schema = DATABASE()"
    ),
}


async def columns(service, url: str, migrations) -> dict[tuple[str, str], bool]:
    """The columns of all tables after the migrations, and whether an INSERT may leave them out."""
    own = load(service.settings, {}, database_url=url)
    async with open_database(own, migrations) as database:
        rows = await database.rows(COLUMNS[database.engine])
    return {(table, column): bool(optional) for table, column, optional in rows}


@pytest.mark.parametrize("kind", stores.DATABASES)
@pytest.mark.parametrize("service", STORED, ids=lambda service: service.name)
async def test_an_insert_of_an_older_version_need_not_name_new_columns(
    request, tmp_path, service, kind
):
    migrations = service.migrations()
    first = tmp_path / "migrations"
    first.mkdir()
    shutil.copy(next(migrations.glob("0001_*.py")), first)
    database = stores.database(request, kind)
    before = await columns(service, database(f"older_{service.name}"), first)
    after = await columns(service, database(f"newer_{service.name}"), migrations)
    tables = {table for table, _ in before}
    added = {each for each in after if each[0] in tables and each not in before}
    assert {each for each in added if not after[each]} <= WITHOUT_DEFAULT
