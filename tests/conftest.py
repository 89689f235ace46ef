"""Real parts for the tests: a Redis of their own, SQLite files, and the five services in here."""

import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from fleet import Fleet, open_fleet, wait_for

from microkit.config import Settings, load
from microkit.storage import redis_server


@pytest.fixture(scope="session")
def redis_socket() -> Iterator[Path]:
    """A redis-server that this run's tests share; ends with them."""
    # Not below tmp_path: the path of a socket is limited to about a hundred characters.
    folder = Path(tempfile.mkdtemp(prefix="redis-"))
    at = folder / "socket"
    process = subprocess.Popen(redis_server.command(redis_server.find(), folder, at))
    try:
        wait_for(lambda: _answers(at))
        yield at
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


@pytest.fixture
def redis_url(redis_socket: Path) -> str:
    """The URL of an empty Redis."""
    assert _ask(redis_socket, b"FLUSHALL\r\n") == b"+OK\r\n"
    return f"unix://{redis_socket}"


@pytest.fixture
def settings(tmp_path: Path, redis_url: str) -> Callable[..., Settings]:
    """Makes settings: free ports, stores in temporary places; arguments win."""

    def make(**overrides: object) -> Settings:
        defaults: dict[str, object] = {
            "port": 0,
            "admin_port": 0,
            "redis_url": redis_url,
            "database_url": f"sqlite://{tmp_path}/test.db",
            "objects_url": f"file://{tmp_path}/objects",
            "stop_grace_seconds": 1.0,
        }
        return load({}, **{**defaults, **overrides})

    return make


@pytest.fixture
async def fleet(tmp_path: Path, settings: Callable[..., Settings]) -> AsyncIterator[Fleet]:
    """All five services, serving."""
    async with open_fleet(tmp_path, settings) as made:
        yield made


def _answers(at: Path) -> bool:
    try:
        return _ask(at, b"PING\r\n") == b"+PONG\r\n"
    except OSError:
        return False


def _ask(at: Path, command: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(at))
        connection.sendall(command)
        return connection.recv(1024)
