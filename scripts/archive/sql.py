"""SQL databases: SQLite by its online backup, MySQL by mysqldump."""

import gzip
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from scripts.archive.errors import ArchiveError, program, required

# One transaction: all tables as of one moment, without a lock. The rights of the services' user
# suffice without tablespaces.
_DUMP: Final = ("--single-transaction", "--quick", "--no-tablespaces", "--hex-blob")
_DEFAULT_PORT: Final = 3306


class Sqlite:
    """The SQLite database at ``sqlite:////absolute/file``."""

    def __init__(self, url: str) -> None:
        self._file = Path(unquote(urlsplit(url).path.removeprefix("/")))

    def save(self, snapshot: Path) -> str:
        """Copy the database, also while services write to it; return what was saved.

        Raises:
            ArchiveError: there is no such database.
        """
        if not self._file.exists():
            raise ArchiveError(f"{self._file} does not exist")
        copy = snapshot / f"{self._file.stem}.sqlite"
        with (
            closing(sqlite3.connect(self._file)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target, pages=10_000)
        return f"{copy.name}: {copy.stat().st_size} bytes"

    def check(self, snapshot: Path) -> None:
        """Check that `load` can begin.

        Raises:
            ArchiveError: the snapshot lacks the database, or the file exists.
        """
        required(snapshot / f"{self._file.stem}.sqlite")
        if self._file.exists():
            raise ArchiveError(f"{self._file} exists: restore into an empty installation")

    def load(self, snapshot: Path) -> str:
        """Copy the database back; return what was loaded."""
        copy = snapshot / f"{self._file.stem}.sqlite"
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(copy, self._file)
        return f"{copy.name}: {copy.stat().st_size} bytes"


class Mysql:
    """The MySQL or MariaDB database at ``mysql://user:password@host:port/name``."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._name = self._url.path.strip("/")
        if not self._url.hostname or not self._name:
            raise ArchiveError("want mysql://user:password@host:port/name")

    def save(self, snapshot: Path) -> str:
        """Dump all tables as of one moment; return what was saved.

        Raises:
            ArchiveError: mysqldump is not installed, or failed.
        """
        copy = snapshot / f"{self._name}.sql.gz"
        dump = program("mysqldump", "mariadb-dump")
        with (
            _login(self._url) as login,
            subprocess.Popen([dump, login, *_DUMP, self._name], stdout=subprocess.PIPE) as process,
            gzip.open(copy, "wb", compresslevel=3) as file,
        ):
            assert process.stdout is not None  # noqa: S101 - for mypy
            shutil.copyfileobj(process.stdout, file, 1 << 20)
        if process.returncode != 0:
            copy.unlink()
            raise ArchiveError(f"{Path(dump).name} of {self._name} failed")
        return f"{copy.name}: {copy.stat().st_size} bytes"

    def check(self, snapshot: Path) -> None:
        """Check that `load` can begin.

        Raises:
            ArchiveError: the snapshot lacks the dump, or the database has tables.
        """
        required(snapshot / f"{self._name}.sql.gz")
        if self._query("SHOW TABLES"):
            raise ArchiveError(f"database {self._name} has tables: restore into an empty one")

    def load(self, snapshot: Path) -> str:
        """Load the dump into the database; return what was loaded.

        Raises:
            ArchiveError: mysql failed.
        """
        copy = snapshot / f"{self._name}.sql.gz"
        with _login(self._url) as login, gzip.open(copy, "rb") as file:
            command = [program("mysql", "mariadb"), login, self._name]
            with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
                assert process.stdin is not None  # noqa: S101 - for mypy
                try:
                    shutil.copyfileobj(file, process.stdin, 1 << 20)
                except BrokenPipeError:  # mysql has said why
                    pass
                finally:
                    process.stdin.close()
        if process.returncode != 0:
            raise ArchiveError(f"loading {copy.name} failed")
        return f"{copy.name}: {copy.stat().st_size} bytes"

    def _query(self, statement: str) -> str:
        with _login(self._url) as login:
            command: Sequence[str] = (
                program("mysql", "mariadb"), login, "--skip-column-names", "--batch",
                f"--execute={statement}", self._name,
            )  # fmt: skip
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise ArchiveError(f"database {self._name} does not answer")
        return done.stdout.strip()


@contextmanager
def _login(url: SplitResult) -> Iterator[str]:
    """Yield the option that makes a client program log in; other users cannot see the password."""
    lines = {
        "host": url.hostname,
        "port": url.port or _DEFAULT_PORT,
        "user": unquote(url.username or ""),
        "password": unquote(url.password or ""),
    }
    handle, path = tempfile.mkstemp(prefix="mysql-", suffix=".cnf")
    try:
        with os.fdopen(handle, "w") as file:
            quoted = {
                name: str(value).replace("\\", "\\\\").replace('"', '\\"')
                for name, value in lines.items()
            }
            file.write("[client]\nprotocol=tcp\n")
            file.writelines(f'{name}="{value}"\n' for name, value in quoted.items())
        yield f"--defaults-file={path}"
    finally:
        Path(path).unlink()
