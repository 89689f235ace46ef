"""Empty stores of each kind for the tests, on servers shared by a run."""

import asyncio
import importlib
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiomysql
import pytest

from microkit.config import load
from microkit.storage.database import open_schema
from scripts import servers
from scripts.redis_cluster import RedisCluster
from scripts.servers import S3
from scripts.sql_servers import Replicated

DATABASES = ("sqlite", "mariadb", "mysql8")
REPLICATED = ("replicated_mariadb", "replicated_mysql8")
_PACKAGES = ("usermicro", "videomicro", "commentmicro")


def empty_database(server_url: str, name: str) -> str:
    """Create an empty database of this name and return its URL."""
    _run(server_url, lambda cursor: _empty(cursor, name))
    return f"{server_url}/{name}"


def service_database(server_url: str, package: str) -> str:
    """Return the URL of a database with the schema of a service, as its migrations leave it.

    The migrations run once. Later the rows are replaced, which takes a tenth of the time.
    """
    schema = f"schema_{package}"
    if (server_url, package) not in _migrated:
        _in_a_thread(_migrate(empty_database(server_url, schema), package))
        _migrated.add((server_url, package))
    _run(server_url, lambda cursor: _copy(cursor, schema, package))
    return f"{server_url}/{package}"


_migrated: set[tuple[str, str]] = set()


async def _migrate(url: str, package: str) -> None:
    service = importlib.import_module(package).SERVICE
    own = load(service.settings, {}, database_url=url, store_timeout_ms=60_000)
    async with open_schema(own, service.migrations()) as opened:
        await opened.up()


async def _empty(cursor: aiomysql.Cursor, name: str) -> None:
    await cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
    await cursor.execute(f"CREATE DATABASE `{name}`")


async def _copy(cursor: aiomysql.Cursor, source: str, target: str) -> None:
    """Give `target` the tables and rows of `source`."""
    wanted = await _columns(cursor, source)
    tables = sorted({table for table, *_ in wanted})
    if await _columns(cursor, target) != wanted:
        await _empty(cursor, target)
        for table in tables:
            await cursor.execute(f"CREATE TABLE `{target}`.`{table}` LIKE `{source}`.`{table}`")
    for table in tables:
        await cursor.execute(f"DELETE FROM `{target}`.`{table}`")
        await cursor.execute(f"INSERT INTO `{target}`.`{table}` SELECT * FROM `{source}`.`{table}`")


async def _columns(cursor: aiomysql.Cursor, database: str) -> list[tuple[str, ...]]:
    """The columns of all tables, with their types, and those of all indexes."""
    found: list[tuple[str, ...]] = []
    for what, kind in (("columns", "column_type"), ("statistics", "index_name")):
        await cursor.execute(
            f"SELECT table_name, column_name, {kind} FROM information_schema.{what} "
            "WHERE table_schema = %s ORDER BY 1, 2, 3",
            (database,),
        )
        found += await cursor.fetchall()
    return found


def _run(server_url: str, work: Callable[[aiomysql.Cursor], Awaitable[None]]) -> None:
    port = int(server_url.rpartition(":")[2])

    async def run() -> None:
        connection = await aiomysql.connect(
            host="127.0.0.1", port=port, user="root", autocommit=True
        )
        async with connection.cursor() as cursor:
            await cursor.execute("SET sql_notes = 0")
            await work(cursor)
        connection.close()

    _in_a_thread(run())


def _in_a_thread(work: Coroutine[Any, Any, None]) -> None:
    """Run `work` in a thread with its own loop: fixtures may call this from a running loop."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()


@dataclass
class Store:
    """An empty object store: its URL, and a function that returns its files."""

    url: str
    files: Callable[[], list[Path]]


def store(request: pytest.FixtureRequest, kind: str) -> Store:
    """An empty object store of a kind: file or minio."""
    if kind == "file":
        root: Path = request.getfixturevalue("tmp_path") / "objects"
        return Store(f"file://{root}", lambda: [p for p in root.rglob("*") if p.is_file()])
    server: S3 = request.getfixturevalue("s3")
    bucket = f"bucket-{uuid.uuid4().hex[:12]}"
    return Store(server.url(bucket), lambda: server.objects(bucket))


def database(request: pytest.FixtureRequest, kind: str) -> Callable[[str], str]:
    """Returns a function from a name to the URL of a database: `DATABASES` and `REPLICATED`.

    It is empty; on a shared server, one that is named like a service has its schema already.
    """
    if kind == "sqlite":
        folder: Path = request.getfixturevalue("tmp_path")
        return lambda name: f"sqlite://{folder}/{name}.db"
    if kind in REPLICATED:
        return lambda name: replicated_database(request.getfixturevalue(kind), name)
    server: str = request.getfixturevalue(kind)

    def url(name: str) -> str:
        made = service_database if name in _PACKAGES else empty_database
        return made(server, name)

    return url


def replicated_database(pair: Replicated, name: str) -> str:
    """Create an empty database on a primary and return its URL with the replica."""
    empty_database(pair.primary.url, name)
    return pair.url(name)


def redis(request: pytest.FixtureRequest, kind: str) -> str:
    """The URL of an empty Redis of a kind: one (server) or cluster."""
    if kind == "one":
        socket: Path = request.getfixturevalue("redis_socket")
        assert servers.ask_redis(socket, b"FLUSHALL\r\n") == b"+OK\r\n"
        return f"unix://{socket}"
    cluster: RedisCluster = request.getfixturevalue("shared_cluster")
    cluster.empty()
    return cluster.url
