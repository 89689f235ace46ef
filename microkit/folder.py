"""Temporary folders that are removed even if their process is killed."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def own_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """Make a folder for this process below `parent`, and remove it at the end.

    Each process holds a lock on its folder. Folders of the same `prefix` without a lock belong to
    killed processes and are removed first.

    Raises:
        OSError: the folder cannot be made.
    """
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder, lock = _locked_folder(parent, prefix)
    try:
        for other in parent.glob(f"{prefix}*"):
            _remove_if_unlocked(other)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _locked_folder(parent: Path, prefix: str) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        # Until it is locked, another process may remove the folder as a leftover.
        with suppress(FileNotFoundError):
            lock = os.open(folder, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if folder.exists():
                return folder, lock
            os.close(lock)


def _remove_if_unlocked(folder: Path) -> None:
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:  # removed meanwhile, or another user's, or not a folder
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        pass  # its process is alive
    finally:
        os.close(lock)
