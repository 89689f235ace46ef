"""No statement that runs often reads a whole table, on either engine."""

import importlib
import inspect
from pathlib import Path

import pytest
from peewee import SQL

from microkit.storage.database import Statement, open_database

ROOT = Path(__file__).parents[1]
ROWS = 4000
ARGUMENTS = {
    "names": [b"name 1", b"name 2"],
    "ids": [1, 2, 3, 4],
    "videos": [1, 2, 3, 4],
    "authors": [1, 2, 3, 4],
    "name": b"name 7",
    "author": 7,
    "video": 7,
    "comment": 7,
    "before": 2000,
    "after": 3900,
    "limit": 30,
    "title": "another",
    "now_ms": 7,
}


def statements(module: str) -> dict[str, Statement]:
    found = vars(importlib.import_module(module))
    each = {name: found[name] for name in found if isinstance(found[name], Statement)}
    return {name: one for name, one in each.items() if name != "_INSERT"}  # which finds no row


def users():
    from usermicro.dal.model import User

    rows = (
        {
            "name": f"name {n}", "name_key": f"name {n}", "password_hash": "x", "avatar": "a",
            "background_image": "b", "signature": "s",
        }
        for n in range(ROWS)
    )  # fmt: skip
    return [(User, list(rows))]


def videos():
    from videomicro.dal.model import Video

    rows = (
        {
            "author_id": n % 400, "title": "t", "play_url": "p", "cover_url": "c",
            "created_ms": n, "deleted": n % 10 == 0,
        }
        for n in range(ROWS)
    )  # fmt: skip
    return [(Video, list(rows))]


def comments():
    from commentmicro.dal.model import Comment, CommentCount

    rows = (
        {
            "video_id": n % 400, "user_id": n % 90, "content": "c", "created_ms": n,
            "deleted": n % 10 == 0,
        }
        for n in range(ROWS)
    )  # fmt: skip
    counts = ({"video_id": n, "count": 5} for n in range(ROWS))
    return [(Comment, list(rows)), (CommentCount, list(counts))]


@pytest.mark.parametrize(
    ("module", "fill"),
    [
        ("usermicro.dal.user", users),
        ("videomicro.dal.video", videos),
        ("commentmicro.dal.comment", comments),
    ],
)
async def test_every_statement_uses_an_index(module, fill, settings, database_url):
    package = module.partition(".")[0]
    own = settings(database_url=database_url(package), store_timeout_ms=20_000)
    async with open_database(own, ROOT / package / "migrations") as database:
        for model, rows in fill():
            for at in range(0, ROWS, 500):
                await database.write(model.insert_many(rows[at : at + 500]))
            if database.engine == "mysql":
                await database.rows(SQL(f"ANALYZE TABLE `{model._meta.table_name}`"))
        found = statements(module)
        assert len(found) >= 4
        for name, statement in found.items():
            plan = await explained(database, statement)
            assert plan
            assert not scans(database.engine, plan), (name, plan)
        whole = Statement(fill()[0][0].select)
        assert scans(database.engine, await explained(database, whole)), "the check can fail"


async def explained(database, statement):
    names = inspect.signature(statement._build).parameters
    sql, parameters = database.text(
        statement(**{name: ARGUMENTS[name] for name in names if name in ARGUMENTS})
    )
    verb = "EXPLAIN QUERY PLAN" if database.engine == "sqlite" else "EXPLAIN"
    return await database.rows(SQL(f"{verb} {sql}", parameters))


def scans(engine, plan):
    if engine == "sqlite":
        return [row for row in plan if "SCAN" in row[3]]
    # The fourth column is how the table is read; ALL and index read all of it.
    return [row for row in plan if row[3] in ("ALL", "index")]
