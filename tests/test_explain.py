"""No frequent statement scans a table or walks to its page, on any SQL server."""

import importlib
import inspect
import re
from pathlib import Path

import pytest
import stores
from peewee import SQL

from microkit.storage.database import Statement, open_database

# MySQL answers EXPLAIN with a note of the whole statement, which aiomysql shows as a warning.
pytestmark = pytest.mark.filterwarnings("ignore:.*select#:pymysql.err.Warning")

ROOT = Path(__file__).parents[1]
ROWS = 4000
# Cursors before the newest row, at it, in the middle, near the oldest row, and at it.
DEPTHS = (2**63 - 1, ROWS - 1, 2000, 40, 1)
WHOLE_KEYS = {"_COUNTS", "_LIVE_COUNT"}  # statements that count rows
# How a step of any other may find its rows on MySQL and MariaDB. `ref` reads all rows of an equal
# key. None: the server has proved that no row matches.
SEARCHES = {"range", "const", "eq_ref", "system", None}
# SQLite takes an index for selective whatever it holds: these have a few values only, and a search
# by them alone reads a large part of the table.
FEW_VALUES = {"deleted", "failed", "hidden", "pending", "kind"}
# The length of the key by which a page is found: its equal columns and its cursor; others: an id.
PAGE_BYTES = {"_FEED": 1 + 8, "_BY_AUTHOR": 8 + 1 + 8, "_BY_VIDEO": 8 + 1 + 8}
CURSORS = {"before", "below", "after"}
ARGUMENTS = {
    "names": [b"name 1", b"name 2"],
    # As many as a page has: from five on SQLite prefers other indexes.
    "ids": list(range(1, 61)),
    "videos": list(range(1, 61)),
    "authors": list(range(1, 61)),
    "name": b"name 7",
    "author": 7,
    "user_id": 7,
    "user": 7,
    "video": 7,
    "comment": 7,
    "limit": 30,
    "since": ROWS - 40,
    "until": ROWS,
    "times": [6, 7, 8, 9],
    "first": b"name 20",
    "last": b"name 21",
    "count": 1,
    "changes": 1,
    "title": "another",
    "keys": ["videos/1.mp4", "videos/2.mp4", "videos/3.mp4", "videos/4.mp4"],
    "next_ms": 8,
    "interval_ms": 8,
    "now_ms": 7,
    "due_ms": 7,
    "lease_ms": 7,
    "attempt": "a",
    "attempts": 1,
    "progress": 5,
    "play_url": "p",
    "hls_url": "h",
    "cover_url": "c",
    "created_ms": ROWS + 1,
}


def statements(modules: str) -> dict[str, Statement]:
    found = {}
    for module in modules.split():
        found |= vars(importlib.import_module(module))
    each = {name: found[name] for name in found if isinstance(found[name], Statement)}
    return {name: one for name, one in each.items() if name != "_INSERT"}  # it reads no row


def users():
    from usermicro.dal.model import User

    rows = (
        {
            "name": f"name {n}", "name_key": f"name {n}", "password_hash": "x", "avatar": "a",
            "background_image": "b", "signature": "s", "sessions_ended_ms": n,
        }
        for n in range(ROWS)
    )  # fmt: skip
    return [(User, list(rows))]


def videos():
    from videomicro.dal.model import Removal, Rendition, Video

    rows = (
        {
            "author_id": 7 if n % 2 else n % 400, "title": "t", "play_url": f"videos/{n}.mp4",
            "cover_url": f"covers/{n}.jpg",
            "created_ms": n, "deleted": n % 10 == 0,
        }
        for n in range(ROWS)
    )  # fmt: skip
    removals = (
        {"video_id": n, "author_id": n % 400, "keys": "k", "due_ms": n} for n in range(ROWS)
    )
    renditions = (
        {
            "video_id": n, "author_id": 7 if n % 2 else n % 400, "turn_ms": n, "lease_ms": n,
            "pending": n % 3 == 0, "failed": n % 10 == 0,
        }
        for n in range(ROWS)
    )  # fmt: skip
    return [(Video, list(rows)), (Removal, list(removals)), (Rendition, list(renditions))]


def titles():
    from videomicro.dal.model import Hashtag, Term

    terms = ({"term": f"name {n % 7}", "created_ms": n, "video_id": n} for n in range(ROWS))
    tags = ({"name": f"name {n}", "videos": n % 90} for n in range(ROWS))
    return [(Term, list(terms)), (Hashtag, list(tags)), *videos()]


def hidden():
    from videomicro.dal.model import Hidden

    return [(Hidden, [{"video_id": n} for n in range(ROWS)]), *videos()]


def covers():
    from videomicro.dal.model import Cover

    rows = (
        {"video_id": n // 4, "number": n % 4, "cover_url": f"covers/{n}.jpg"} for n in range(ROWS)
    )
    return [(Cover, list(rows)), *videos()]


def reports():
    from usermicro.dal.model import Report

    rows = (
        {"kind": 1, "target_id": n, "reporter_id": 7, "reason": "", "created_ms": n}
        for n in range(ROWS)
    )
    return [(Report, list(rows))]


def names():
    from usermicro.dal.model import Term

    terms = ({"term": f"name {n % 7}", "user_id": n} for n in range(ROWS))
    return [(Term, list(terms)), *users()]


def comments():
    from commentmicro.dal.model import Comment, CommentCount

    rows = (
        {
            "video_id": 7 if n % 2 else n % 400, "user_id": n % 90, "content": "c", "created_ms": n,
            "deleted": n % 10 == 0,
        }
        for n in range(ROWS)
    )  # fmt: skip
    counts = ({"video_id": n, "count": 5} for n in range(ROWS))
    return [(Comment, list(rows)), (CommentCount, list(counts))]


@pytest.mark.parametrize(
    ("module", "fill", "least"),
    [
        ("usermicro.dal.user", users, 8),
        ("videomicro.dal.video", videos, 4),
        ("videomicro.dal.count", videos, 2),
        ("videomicro.dal.version", videos, 3),
        ("videomicro.dal.object_keys", covers, 5),
        ("videomicro.dal.cover", covers, 4),
        ("videomicro.dal.removal", videos, 6),
        ("videomicro.dal.rendition", videos, 10),
        ("videomicro.dal.titles", titles, 9),
        ("videomicro.dal.merged", videos, 1),
        ("videomicro.dal.hidden", hidden, 4),
        ("usermicro.dal.names usermicro.dal.index", names, 6),
        ("usermicro.dal.report", reports, 1),
        ("commentmicro.dal.comment", comments, 7),
    ],
)
@pytest.mark.filterwarnings("ignore:/\\* select", "ignore:(update|delete)")  # MySQL's EXPLAIN
async def test_every_statement_uses_an_index(module, fill, least, settings, database_url):
    package = module.partition(".")[0]
    own = settings(database_url=database_url(package), store_timeout_ms=20_000)
    async with open_database(own, ROOT / package / "migrations") as database:
        for model, rows in fill():
            for at in range(0, ROWS, 500):
                await database.write(model.insert_many(rows[at : at + 500]))
            if database.engine == "mysql":
                await database.rows(SQL(f"ANALYZE TABLE `{model._meta.table_name}`"))
        found = statements(module)
        assert len(found) >= least
        for name, statement in found.items():
            arguments = set(inspect.signature(statement._build).parameters)
            paged = CURSORS & arguments
            assert bool(paged) == ("limit" in arguments), "a list has a cursor and a limit"
            for depth in DEPTHS if paged else DEPTHS[:1]:
                plan = await explained(database, statement, depth)
                assert plan
                assert not scans(database.engine, plan), (name, plan)
                if paged:
                    assert starts_at_the_page(database.engine, plan, name), (name, depth, plan)
                elif name not in WHOLE_KEYS:
                    assert searches(database.engine, plan, arguments), (name, plan)
        whole = Statement(fill()[0][0].select)
        assert scans(database.engine, await explained(database, whole)), "the check can fail"


@pytest.mark.filterwarnings("ignore:/\\* select")
@pytest.mark.parametrize("database_url", stores.DATABASES[1:], indirect=True)
async def test_the_check_detects_a_page_read_from_the_newest_row(settings, database_url):
    from videomicro.dal.model import Video

    own = settings(database_url=database_url("walk"), store_timeout_ms=20_000)
    async with open_database(own, ROOT / "videomicro" / "migrations") as database:
        (model, rows), *_ = videos()
        await database.write(model.insert_many(rows))
        await database.rows(SQL("ANALYZE TABLE video"))
        walk = Statement(
            lambda before: (
                Video.select()
                .where(Video.deleted == 0, Video.created_ms + 0 < before)  # no index has this sum
                .order_by(Video.created_ms.desc())
                .limit(30)
            )
        )
        plan = await explained(database, walk, 3000)
        assert not starts_at_the_page("mysql", plan, "_FEED"), plan


async def explained(database, statement, depth=0):
    names = inspect.signature(statement._build).parameters
    arguments = ARGUMENTS | {"before": depth, "below": depth, "after": depth}
    sql, parameters = database.text(
        statement(**{name: arguments[name] for name in names if name in arguments})
    )
    verb = "EXPLAIN QUERY PLAN" if database.engine == "sqlite" else "EXPLAIN"
    return await database.rows(SQL(f"{verb} {sql}", parameters))


def scans(engine, plan):
    """The steps of the plan that scan a table or index, or most of it."""
    if engine == "sqlite":
        return [row for row in plan if "SCAN" in row[3] or reads_most(row[3])]
    return [row for row in plan if access(row) in ("ALL", "index")]


def reads_most(step):
    """Whether a step of SQLite searches by columns of few values alone."""
    columns = set(re.findall(r"(\w+)[=<>]+\?", step))
    return bool(columns) and columns <= FEW_VALUES


def starts_at_the_page(engine, plan, name):
    """Whether the first step searches by equality and the cursor, not by equality alone."""
    if engine == "sqlite":
        return re.search(
            r"SEARCH .*(created_ms|due_ms|turn_ms|ended_ms|rowid|id)[<>]\?", plan[0][3]
        )
    used = key_bytes(plan[0])  # a `range` of the equal columns alone is a walk too
    return searches(engine, plan) and (used is None or int(used) >= PAGE_BYTES.get(name, 8))


def searches(engine, plan, arguments=()):
    """Whether no step reads all rows of a key or more; on SQLite, of statements with ids."""
    if engine == "sqlite":  # all rows of a video are not those of the ids
        return "ids" not in arguments or all(re.search(r"(?<!video_)id=\?", row[3]) for row in plan)
    return all(access(row) in SEARCHES for row in plan)


def access(row):
    """The column `type` of a step; MySQL has the column `partitions` before it, MariaDB has not."""
    return row[4] if len(row) == 12 else row[3]


def key_bytes(row):
    """The column `key_len` of a step: None, or how many bytes of the key are used."""
    return row[7] if len(row) == 12 else row[6]
