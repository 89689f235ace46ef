"""Real SQL servers for the tests and ``scripts/bench --real``: MariaDB and MySQL 8."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from scripts import mysql8, servers

_SMALL: Final = ("--innodb-log-file-size=4M", "--innodb-buffer-pool-size=32M")


class SqlServer(servers.Server):
    """MariaDB or MySQL; root has no password."""

    port: int

    @property
    def url(self) -> str:
        """The URL of the server, without a database."""
        return f"mysql://root@127.0.0.1:{self.port}"


@contextmanager
def mariadb(*arguments: str) -> Iterator[SqlServer]:
    """Run a MariaDB, with further arguments."""
    mariadbd = servers.program("mariadbd", "Debian: mariadb-server")
    install = servers.program("mariadb-install-db", "Debian: mariadb-server")
    with servers.folder("mariadb") as path:
        data = path / "data"
        _install([
            install, "--no-defaults", f"--datadir={data}", *_user(), "--skip-test-db",
            _SMALL[0], "--auth-root-authentication-method=normal",
        ], data)  # fmt: skip
        with _running([mariadbd, "--no-defaults", *arguments], path) as server:
            yield server


@contextmanager
def mysql() -> Iterator[SqlServer]:
    """Run a MySQL 8 on a copy of the tables that `mysql8` keeps."""
    home = mysql8.home()
    mysqld = servers.program(str(home / "bin" / "mysqld"), "python -m scripts.mysql8")
    with servers.folder("mysql8") as path:
        shutil.copytree(home / "data", path / "data")
        command = [
            mysqld, "--no-defaults", f"--basedir={home}", "--skip-log-bin",
            "--mysqlx=OFF", "--performance-schema=OFF", f"--pid-file={path}/pid",
            "--innodb-flush-method=nosync",  # no test kills it, and a table takes it many syncs
        ]  # fmt: skip
        with _running(command, path) as server:
            yield server


@contextmanager
def _running(command: list[str], path: Path) -> Iterator[SqlServer]:
    port = servers.free_port()
    own = [
        f"--datadir={path}/data", "--bind-address=127.0.0.1", f"--port={port}",
        f"--socket={path}/socket", *_SMALL, *_user(),
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
