"""The failure of a backup, and the programs that backups need."""

import shutil
from pathlib import Path


class ArchiveError(Exception):
    """A backup or a restore failed; the message names the store, without secrets."""


def program(*names: str) -> str:
    """Return the path of the first of these programs that is installed.

    Raises:
        ArchiveError: none is.
    """
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise ArchiveError(f"{' or '.join(names)} is not installed")
    return found


def required(file: Path) -> None:
    """Check that a file of a snapshot exists.

    Raises:
        ArchiveError: it does not.
    """
    if not file.exists():
        raise ArchiveError(f"{file.parent} has no {file.name}")
