"""Empty stores of each kind for the tests, on servers shared by a run."""

import asyncio
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import aiomysql
import pytest

from scripts import servers
from scripts.redis_cluster import RedisCluster
from scripts.servers import S3

DATABASES = ("sqlite", "mariadb", "mysql8")


def empty_database(server_url: str, name: str) -> str:
    """Create an empty database of this name and return its URL."""
    port = int(server_url.rpartition(":")[2])

    async def make() -> None:
        connection = await aiomysql.connect(host="127.0.0.1", port=port, user="root")
        async with connection.cursor() as cursor:
            await cursor.execute("SET sql_notes = 0")
            await cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
            await cursor.execute(f"CREATE DATABASE `{name}`")
        connection.close()

    # In a thread with its own loop: fixtures may call this from a running loop.
    thread = threading.Thread(target=lambda: asyncio.run(make()))
    thread.start()
    thread.join()
    return f"{server_url}/{name}"


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
    """Returns a function from a name to the URL of an empty database, on one of `DATABASES`."""
    if kind == "sqlite":
        folder: Path = request.getfixturevalue("tmp_path")
        return lambda name: f"sqlite://{folder}/{name}.db"
    server: str = request.getfixturevalue(kind)
    return lambda name: empty_database(server, name)


def redis(request: pytest.FixtureRequest, kind: str) -> str:
    """The URL of an empty Redis of a kind: one (server) or cluster."""
    if kind == "one":
        socket: Path = request.getfixturevalue("redis_socket")
        assert servers.ask_redis(socket, b"FLUSHALL\r\n") == b"+OK\r\n"
        return f"unix://{socket}"
    cluster: RedisCluster = request.getfixturevalue("shared_cluster")
    cluster.empty()
    return cluster.url
