"""The data folder of one installation, and the lock that allows one copy at a time."""

import fcntl
import os
import re
import secrets
import shlex
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from microkit.config import StartupError

_LONGEST_SOCKET_PATH: Final = 100
_LONGEST_NAME: Final = 30  # of a service
_PLAIN: Final = re.compile(r"[\w./-]+")
_MIN_SECRET_BYTES: Final = 32
_GROUP_AND_OTHERS: Final = 0o077
_LOCK_TIMEOUT_SECONDS: Final = 6.0


class InUseError(Exception):
    """Another copy of the system uses the same data folder."""


class Folder:
    """The data folder; `lock` is the descriptor of its lock file, inherited by every child."""

    def __init__(self, root: Path, lock: int) -> None:
        self.root = root
        self.lock = lock
        for name in ("redis", "sql", "objects", "uploads", "env"):
            (root / name).mkdir(mode=0o700, exist_ok=True)

    def secret(self, say: Callable[[str], None]) -> str:
        """Return the secret that signs tokens; generated once, readable only by its owner.

        If others can read the file, their permissions are removed and a warning is printed.

        Raises:
            StartupError: the file has a secret that is too short.
        """
        path = self.root / "secret"
        if not path.exists() or not path.read_text():
            _write_private(path, secrets.token_urlsafe(48))
        if path.stat().st_mode & _GROUP_AND_OTHERS:
            path.chmod(0o600)
            say(
                f"warning: other users could read {path}; now only its owner can. If it may have "
                "leaked, remove it: the next start makes a new one, and all users log in again"
            )
        secret = path.read_text()
        if len(secret.encode()) < _MIN_SECRET_BYTES:
            raise StartupError(
                f"{path} has fewer than {_MIN_SECRET_BYTES} bytes: remove it, and the next start "
                "makes a new one"
            )
        return secret

    def write_settings(self, name: str, settings: Mapping[str, str]) -> None:
        """Write the environment variables of a process to ``env/{name}.env``, quoted for a shell.

        Commands of a service, such as ``python -m api sweep``, need them too.
        """
        lines = (f"{key}={shlex.quote(value)}\n" for key, value in settings.items())
        _write_private(_settings_file(self.root, name), "".join(lines))

    def clear_partials(self) -> None:
        """Remove partial objects that a killed process left behind."""
        shutil.rmtree(self.root / "objects" / ".partial", ignore_errors=True)


def settings_of(root: Path, name: str) -> dict[str, str]:
    """Return what `Folder.write_settings` wrote for a process of the installation at `root`.

    Raises:
        FileNotFoundError: nothing; former versions wrote none.
    """
    pairs = shlex.split(_settings_file(root, name).read_text())
    return dict(pair.split("=", 1) for pair in pairs)


def _settings_file(root: Path, name: str) -> Path:
    return root / "env" / f"{name}.env"


def _write_private(path: Path, text: str) -> None:
    """Write a file as a whole, readable by its owner only."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write(text)
    new.replace(path)


@contextmanager
def open_folder(root: Path) -> Iterator[Folder]:
    """Create the folder if it is missing, and lock it while the block runs.

    Raises:
        InUseError: another copy holds the lock.
        OSError: the folder cannot be created or written.
    """
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _acquire(lock, root)
        folder = Folder(root, lock)
        folder.clear_partials()
        yield folder
    finally:
        os.close(lock)


def _acquire(lock: int, root: Path) -> None:
    """Lock the file, with a timeout: children of a killed copy hold the lock until they end."""
    deadline = time.monotonic() + _LOCK_TIMEOUT_SECONDS
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
def rpc_sockets(folder: Folder) -> Iterator[Path]:
    """Yield a folder for the services' Unix sockets, which only this user may enter.

    It is in the data folder, unless its path is too long or cannot be part of an address.
    """
    inside = folder.root / "rpc"
    if len(str(inside)) < _LONGEST_SOCKET_PATH - _LONGEST_NAME and _PLAIN.fullmatch(str(inside)):
        inside.mkdir(mode=0o700, exist_ok=True)
        yield inside
        return
    with tempfile.TemporaryDirectory(prefix="douyin-") as name:
        yield Path(name)


@contextmanager
def socket_path(folder: Folder) -> Iterator[Path]:
    """Yield a path for Redis's socket: the kernel limits it to about 100 characters."""
    inside = folder.root / "redis" / "socket"
    if len(str(inside)) < _LONGEST_SOCKET_PATH:
        yield inside
        return
    with tempfile.TemporaryDirectory(prefix="douyin-") as name:
        yield Path(name) / "redis"
