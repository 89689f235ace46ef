"""Redis: a snapshot by `redis-cli --rdb`, restored key by key into any server."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import redis

from microkit.storage import redis_server
from scripts.archive.errors import ArchiveError, program, required
from scripts.archive.server import serving

_FILE: Final = "redis.rdb"
_MAGIC: Final = b"REDIS"
_BATCH: Final = 500


class Redis:
    """The Redis at ``redis://``, ``rediss://`` or ``unix://``."""

    def __init__(self, url: str) -> None:
        self._url = url

    def save(self, snapshot: Path) -> str:
        """Save all keys as of one moment; return what was saved.

        Raises:
            ArchiveError: redis-cli is not installed, or Redis does not answer.
        """
        copy = snapshot / _FILE
        url = urlsplit(self._url)
        where: list[str]
        if url.scheme == "unix":
            where = ["-s", unquote(url.path)]
        else:
            where = ["-h", url.hostname or "", "-p", str(url.port or 6379)]
            where += ["--tls"] if url.scheme == "rediss" else []
        if url.username:
            where += ["--user", unquote(url.username)]
        login = {"REDISCLI_AUTH": unquote(url.password)} if url.password else {}
        command = [program("redis-cli"), *where, "--rdb", str(copy)]
        done = subprocess.run(
            command,
            env=os.environ | login,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode != 0 or not copy.exists() or copy.open("rb").read(5) != _MAGIC:
            raise ArchiveError(
                f"redis-cli --rdb failed: {done.stderr.strip() or done.stdout.strip()}"
            )
        return f"{_FILE}: {copy.stat().st_size} bytes"

    def check(self, snapshot: Path) -> None:
        """Check that `load` can begin.

        Raises:
            ArchiveError: the snapshot has no Redis, or the server does not answer or has keys.
        """
        required(snapshot / _FILE)
        with _errors(), redis.Redis.from_url(self._url) as target:
            if target.dbsize():
                raise ArchiveError("Redis has keys: restore into an empty one")

    def load(self, snapshot: Path) -> str:
        """Restore every key into the server; return what was loaded.

        The file is read by a temporary server, so that the target needs no restart.

        Raises:
            ArchiveError: a server failed.
        """
        with (
            _errors(),
            redis.Redis.from_url(self._url) as target,
            _reader(snapshot / _FILE) as source,
        ):
            return f"{_FILE}: {_copy_keys(source, target)} keys"


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        raise ArchiveError(f"Redis: {error}") from error


def _copy_keys(source: "redis.Redis", target: "redis.Redis") -> int:
    cursor = None
    while cursor != 0:
        cursor, keys = source.scan(cursor or 0, count=_BATCH)
        with source.pipeline(transaction=False) as read:
            for key in keys:
                read.dump(key)
                read.pttl(key)
            found = read.execute()
        with target.pipeline(transaction=False) as write:
            for key, value, ttl_ms in zip(keys, found[::2], found[1::2], strict=True):
                if value is not None:  # else it has expired
                    # REPLACE: SCAN may return a key twice.
                    write.restore(key, max(ttl_ms, 0), value, replace=True)
            write.execute()
    return int(target.dbsize())


@contextmanager
def _reader(file: Path) -> Iterator["redis.Redis"]:
    """Run a server that serves the snapshot, without writing anything."""
    with tempfile.TemporaryDirectory(prefix="rdb-") as folder:
        socket = Path(folder, "socket")
        command = [
            str(redis_server.find()), "--port", "0", "--unixsocket", str(socket),
            "--appendonly", "no", "--save", "", "--loglevel", "warning",
            "--dir", str(file.parent.absolute()), "--dbfilename", file.name,
        ]  # fmt: skip
        with serving(command, socket) as client:
            yield client
