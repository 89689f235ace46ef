"""Real SQL servers for the tests and ``scripts/bench --real``: MariaDB and MySQL 8."""

import atexit
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import pymysql

from scripts import mysql8, servers

Rows = list[tuple[Any, ...]]

_SMALL: Final = ("--innodb-log-file-size=4M", "--innodb-buffer-pool-size=32M")


class SqlServer(servers.Server):
    """MariaDB or MySQL; root has no password."""

    port: int

    @property
    def url(self) -> str:
        """The URL of the server, without a database."""
        return f"mysql://root@127.0.0.1:{self.port}"

    def run(self, statement: str) -> Rows:
        """Run a statement as root and return its rows."""
        with closing(pymysql.connect(host="127.0.0.1", port=self.port, user="root")) as connection:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                rows = list(cursor.fetchall())
            connection.commit()
            return rows


class Replicated(NamedTuple):
    """A primary and a replica that follows it by GTID."""

    primary: SqlServer
    replica: SqlServer

    def url(self, name: str) -> str:
        """Return the URL of a database, with the replica."""
        return f"{self.primary.url}/{name}?replica=127.0.0.1:{self.replica.port}"


@contextmanager
def mariadb(*arguments: str) -> Iterator[SqlServer]:
    """Run a MariaDB, with further arguments."""
    with servers.folder("mariadb") as path:
        _make_tables(path / "data")
        with _running([*_mariadbd(), *arguments], path) as server:
            yield server


@contextmanager
def replicated_mariadb() -> Iterator[Replicated]:
    """Run a MariaDB and a replica of it."""
    with servers.folder("mariadb") as path:
        one, other = path / "primary", path / "replica"
        _make_tables(one / "data")
        shutil.copytree(one / "data", other / "data")
        log = [*_mariadbd(), "--log-bin", "--innodb-flush-log-at-trx-commit=2"]
        with (
            _running([*log, "--server-id=1"], one) as primary,
            _running([*log, "--server-id=2"], other) as replica,
        ):
            with _following(primary, replica, "MASTER_USE_GTID=slave_pos") as pair:
                yield pair


@contextmanager
def mysql() -> Iterator[SqlServer]:
    """Run a MySQL 8 on a copy of the tables that `mysql8` keeps."""
    with servers.folder("mysql8") as path:
        with _running([*_mysqld(path), "--skip-log-bin"], path) as server:
            yield server


@contextmanager
def replicated_mysql() -> Iterator[Replicated]:
    """Run a MySQL 8 and a replica of it."""
    gtid = ("--log-bin", "--gtid-mode=ON", "--enforce-gtid-consistency", "--sync-binlog=0")
    with servers.folder("mysql8") as path:
        one, other = path / "primary", path / "replica"
        with (
            _running([*_mysqld(one), *gtid, "--server-id=1"], one) as primary,
            _running([*_mysqld(other), *gtid, "--server-id=2"], other) as replica,
        ):
            position = "MASTER_AUTO_POSITION=1, GET_MASTER_PUBLIC_KEY=1"
            with _following(primary, replica, position) as pair:
                yield pair


def _mariadbd() -> list[str]:
    return [servers.program("mariadbd", "Debian: mariadb-server"), "--no-defaults"]


def _make_tables(data: Path) -> None:
    """Create MariaDB's system tables, as a copy of those that this process made first."""
    data.parent.mkdir(exist_ok=True)
    shutil.copytree(_tables(), data)


@functools.cache
def _tables() -> Path:
    install = servers.program("mariadb-install-db", "Debian: mariadb-server")
    made = tempfile.TemporaryDirectory(prefix="mariadb-tables-")
    atexit.register(made.cleanup)
    data = Path(made.name, "data")
    _install([
        install, "--no-defaults", f"--datadir={data}", *_user(), "--skip-test-db",
        _SMALL[0], "--auth-root-authentication-method=normal",
    ], data)  # fmt: skip
    return data


def _mysqld(path: Path) -> list[str]:
    home = mysql8.home()
    mysqld = servers.program(str(home / "bin" / "mysqld"), "python -m scripts.mysql8")
    shutil.copytree(home / "data", path / "data")
    return [
        mysqld, "--no-defaults", f"--basedir={home}",
        "--mysqlx=OFF", "--performance-schema=OFF", f"--pid-file={path}/pid",
        "--innodb-flush-method=nosync",  # no test kills it, and a table takes it many syncs
    ]  # fmt: skip


@contextmanager
def _following(primary: SqlServer, replica: SqlServer, position: str) -> Iterator[Replicated]:
    master = f"MASTER_HOST='127.0.0.1', MASTER_PORT={primary.port}, MASTER_USER='root'"
    replica.run(f"CHANGE MASTER TO {master}, MASTER_CONNECT_RETRY=1, {position}")
    replica.run("START SLAVE")
    yield Replicated(primary, replica)
    for server in (replica, primary):
        server.kill()  # nothing is to be kept, and a stop waits for the other for seconds


@contextmanager
def _running(command: list[str], path: Path) -> Iterator[SqlServer]:
    port = servers.free_port()
    own = [
        f"--datadir={path}/data", "--bind-address=127.0.0.1", f"--port={port}",
        # A start removes what it takes for leftovers in the folder of temporary tables.
        f"--socket={path}/socket", f"--tmpdir={path}", *_SMALL, *_user(),
    ]  # fmt: skip
    server = SqlServer([*command, *own], path, lambda: servers.listens(port))
    server.port = port
    with servers.started(server):
        yield server


def _user() -> list[str]:
    # As root the servers refuse to run without it.
    return ["--user=root"] if os.geteuid() == 0 else []


def _install(command: list[str], data: Path) -> None:
    """Create the system tables; try again if it fails, as it may on a busy machine."""
    for _ in range(3):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        shutil.rmtree(data, ignore_errors=True)
    raise servers.EndedError(done.stdout[-2000:] + done.stderr[-2000:])
