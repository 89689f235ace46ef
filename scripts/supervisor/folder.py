"""The folder with all data of one installation, and the lock that keeps it to one."""

import fcntl
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_SOCKET_PATH: Final = 100
_OTHERS: Final = 0o077
_PATIENCE_SECONDS: Final = 6.0


class InUseError(Exception):
    """Another copy runs on the same data."""


class Folder:
    """Where what is kept: below `root`; `lock` is the open lock that every process holds on to."""

    def __init__(self, root: Path, lock: int) -> None:
        self.root = root
        self.lock = lock
        for name in ("redis", "sql", "objects", "uploads"):
            (root / name).mkdir(mode=0o700, exist_ok=True)

    def secret(self, say: Callable[[str], None]) -> str:
        """Return the secret that signs tokens; made once, readable by its owner only.

        A file that others may read is closed to them again, with a warning.
        """
        path = self.root / "secret"
        if not path.exists() or not path.read_text():
            made = path.with_suffix(".new")
            made.unlink(missing_ok=True)
            with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
            made.replace(path)
        if path.stat().st_mode & _OTHERS:
            path.chmod(0o600)
            say(
                f"warning: others could read {path}; now only its owner can. If somebody may have, "
                "remove it: the next start makes a new one, and everybody logs in again"
            )
        return path.read_text()

    def clear_partials(self) -> None:
        """Remove copies that were under way when everything was killed: now nobody makes any."""
        shutil.rmtree(self.root / "objects" / ".partial", ignore_errors=True)


@contextmanager
def opened(root: Path) -> Iterator[Folder]:
    """Make the folder if need be and keep everybody else out of it.

    Raises:
        InUseError: another copy runs on it.
        OSError: it cannot be made or written.
    """
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(lock, root)
        folder = Folder(root, lock)
        folder.clear_partials()
        yield folder
    finally:
        os.close(lock)


def _take(lock: int, root: Path) -> None:
    """Lock; the processes of a copy that was killed hold on to it until they have ended."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                message = f"another copy already runs on {root}: stop it, or choose --data DIR"
                raise InUseError(message) from None
            time.sleep(0.1)
        else:
            return


@contextmanager
def socket_path(folder: Folder) -> Iterator[Path]:
    """Give a path for Redis's socket: the kernel allows about a hundred characters."""
    inside = folder.root / "redis" / "socket"
    if len(str(inside)) < _SOCKET_PATH:
        yield inside
        return
    with tempfile.TemporaryDirectory(prefix="douyin-") as name:
        yield Path(name) / "redis"
