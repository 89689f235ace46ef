"""``scripts/backup`` and ``scripts/restore``."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from microkit import __version__
from microkit.config import StartupError
from microkit.errors import Error
from microkit.storage.redis_server import NoRedisServerError
from scripts.archive import embedded, objects
from scripts.archive.errors import ArchiveError
from scripts.archive.redis import Redis
from scripts.archive.sql import Mysql, Sqlite
from scripts.supervisor.folder import InUseError

_URLS: Final = "BACKUP_URLS"
_Store = Sqlite | Mysql | Redis
_STORES: Final[dict[str, Callable[[str], _Store]]] = {
    "sqlite": Sqlite,
    "mysql": Mysql,
    "redis": Redis,
    "rediss": Redis,
    "unix": Redis,
}
_OBJECT_STORES: Final = ("file", "minio")
_DESCRIPTION: Final = f"""The stores are those of the data folder of scripts/up, or, if the
environment variable {_URLS} is set, those at its URLs, separated by blanks: DATABASE_URL of each
service, REDIS_URL, OBJECTS_URL. Name first what refers to others: Redis, comments, videos, users,
objects; then nothing in a backup refers to something that it lacks."""


def main() -> None:
    """Run ``save FOLDER`` or ``load SNAPSHOT``."""
    arguments = _arguments()
    try:
        if arguments.command == "save":
            with _stores(arguments.data, embedded.running_or_opened) as urls:
                print(save(urls, arguments.folder))
        else:
            with _stores(arguments.data, embedded.opened) as urls:
                load(urls, arguments.folder)
                print(f"restored {arguments.folder}")
    except (ArchiveError, Error, InUseError, NoRedisServerError, OSError, StartupError) as error:
        sys.exit(f"scripts/{'backup' if arguments.command == 'save' else 'restore'}: {error}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/backup, scripts/restore")
    commands = parser.add_subparsers(dest="command", required=True)
    saving = commands.add_parser("save", prog="scripts/backup", description=_DESCRIPTION)
    saving.add_argument("folder", type=Path, help="gets a folder of this backup, and the objects")
    loading = commands.add_parser("load", prog="scripts/restore", description=_DESCRIPTION)
    loading.add_argument("folder", type=Path, metavar="snapshot", help="what scripts/backup made")
    for command in (saving, loading):
        command.add_argument("--data", type=Path, default=Path("data"), help="the data folder")
        version = f"{command.prog} {__version__}"
        command.add_argument("--version", action="version", version=version)
    return parser.parse_args()


def _stores(
    data: Path, installation: "embedded.Installation"
) -> AbstractContextManager[Sequence[str]]:
    if urls := os.environ.get(_URLS, "").split():
        return nullcontext(urls)
    return installation(data.absolute())


def save(urls: Sequence[str], folder: Path) -> Path:
    """Save the stores into a new folder below `folder`, which appears when all are saved.

    Raises:
        ArchiveError, Error: a store failed; the partial backup is left under a name with a dot.
    """
    name = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    partial, snapshot = folder / f".{name}", folder / name
    partial.mkdir(mode=0o700, parents=True)
    for url in urls:
        if _scheme(url) in _OBJECT_STORES:
            _say(asyncio.run(objects.save(url, folder / objects.FOLDER)))
        else:
            _say(_store(url).save(partial))
    return partial.rename(snapshot)


def load(urls: Sequence[str], snapshot: Path) -> None:
    """Load a snapshot into empty stores, in the opposite order: nothing refers to what is missing.

    Raises:
        ArchiveError, Error: a store failed or is not empty.
    """
    stores = [_store(url) for url in reversed(urls) if _scheme(url) not in _OBJECT_STORES]
    for store in stores:
        store.check(snapshot)
    for url in urls:
        if _scheme(url) in _OBJECT_STORES:
            _say(asyncio.run(objects.load(url, snapshot.parent / objects.FOLDER)))
    for store in stores:
        _say(store.load(snapshot))


def _scheme(url: str) -> str:
    return urlsplit(url).scheme


def _store(url: str) -> _Store:
    kind = _STORES.get(_scheme(url))
    if kind is None:
        allowed = ", ".join((*_STORES, *_OBJECT_STORES))
        raise ArchiveError(f"{_URLS}: unknown scheme {_scheme(url)!r}: want {allowed}")
    return kind(url)


def _say(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    main()
