"""Processes of an older version go on writing while the schema is newer already."""

import importlib
import shutil
import sqlite3
from contextlib import closing
from urllib.parse import urlsplit

import pymysql
import pytest
import stores

from idl import SERVICES
from microkit.config import load
from microkit.storage.database import open_schema

# A key of older versions cannot exist: it is made from the name, and unique.
WITHOUT_DEFAULT = {("user", "name_key")}


def columns(url: str) -> dict[tuple[str, str], bool]:
    """The columns of all tables, and whether an INSERT may leave them out."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        with closing(sqlite3.connect(parts.path)) as database:
            rows = database.execute(
                'SELECT m.name, c.name, NOT c."notnull" OR c.dflt_value IS NOT NULL '
                "FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"
            ).fetchall()
    else:
        with (
            closing(
                pymysql.connect(host="127.0.0.1", port=parts.port or 0, user="root")
            ) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(
                "SELECT table_name, column_name, "
                "is_nullable = 'YES' OR column_default IS NOT NULL "
                "FROM information_schema.columns WHERE table_schema = %s",
                (parts.path[1:],),
            )
            rows = list(cursor.fetchall())
    return {(table, column): bool(optional) for table, column, optional in rows}


STORED = [
    module.SERVICE
    for module in (importlib.import_module(each.package) for each in SERVICES)
    if module.SERVICE.migrations().exists()
]


async def migrated(service, url: str, migrations) -> dict[tuple[str, str], bool]:
    async with open_schema(load(service.settings, {}, database_url=url), migrations) as schema:
        await schema.up()
    return columns(url)


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
    before = await migrated(service, database(f"older_{service.name}"), first)
    after = await migrated(service, database(f"newer_{service.name}"), migrations)
    tables = {table for table, _ in before}
    added = {each for each in after if each[0] in tables and each not in before}
    assert {each for each in added if not after[each]} <= WITHOUT_DEFAULT
