"""What docker-compose.yml describes, as plain processes on real servers of this machine."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pymysql
import yaml

import idl
from scripts import servers
from scripts.servers import EndedError, wait_for

ROOT: Final = Path(__file__).parents[1]
SECRETS: Final = {
    "MYSQL_PASSWORD": "mysqlpw",
    "REDIS_PASSWORD": "redispw",
    "MINIO_USER": "access",
    "MINIO_PASSWORD": "secretkey",
    "JWT_SECRET": "a secret of at least thirty-two bytes",
}
APPS: Final = (*idl.RPC, "api")
_READY_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 60.0
_HEALTH_SECONDS: Final = 10.0


def compose() -> dict[str, Any]:
    """Return the compose file with its variables filled in."""
    text = (ROOT / "docker-compose.yml").read_text()
    # One with a default is empty; one without has to be set.
    text = re.sub(r"(?<!\$)\$\{\w+:-\}", "", text)
    filled = re.sub(r"(?<!\$)\$\{(\w+)[^}]*\}", lambda found: SECRETS[found[1]], text)
    filled_in: dict[str, Any] = yaml.safe_load(filled)
    return filled_in


class App:
    """One container's process, on free ports."""

    def __init__(self, name: str, environment: dict[str, str], log: Path) -> None:
        self.name, self.log = name, log
        self.port, self.admin_port = servers.free_port(), servers.free_port()
        self._environment = {
            **os.environ,
            **environment,
            "LISTEN_HOST": "127.0.0.1",
            "PORT": str(self.port),
            "ADMIN_PORT": str(self.admin_port),
            "PYTHONPATH": str(ROOT),
            "LOG_FORMAT": "line",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.name], env=self._environment, stderr=log, cwd=ROOT
            )

    def ready(self) -> bool:
        """Return whether it reports itself healthy.

        Raises:
            EndedError: it ended by itself.
        """
        if self.process is None or self.process.poll() is not None:
            raise EndedError(self.log.read_text()[-3000:])
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.admin_port}/healthz", timeout=_HEALTH_SECONDS
            ):
                return True
        except OSError:
            return False

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self.process is not None and self.process.poll() is None

    def signal(self, number: int) -> None:
        """Send it a signal, if it runs."""
        if self.process is not None:
            self.process.send_signal(number)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self.signal(signal.SIGKILL)
        self.wait()

    def wait(self) -> int | None:
        """Wait until it has ended and return its exit code."""
        return self.process.wait(_STOP_SECONDS) if self.process else None

    def stop(self) -> int | None:
        """End it in order, also when it is frozen."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        return self.wait()


class Deployment:
    """The real servers and the apps on them.

    Args:
        stack: stops everything when it is closed.
        folder: takes the logs.
        overrides: environment variables of all apps.
    """

    def __init__(self, stack: ExitStack, folder: Path, **overrides: str) -> None:
        self._stack, self._folder, self._overrides = stack, folder, overrides
        self._compose = compose()["services"]
        self.mysql = stack.enter_context(servers.mariadb())
        self._make_databases()
        arguments = self._compose["redis"]["command"][1:]
        self.redis = stack.enter_context(servers.tcp_redis(arguments))
        self.etcd = stack.enter_context(servers.etcd())
        self.s3 = stack.enter_context(servers.s3())
        self.apps: dict[str, App] = {}
        for name in APPS:
            self.add(name)
        self._wait_until_ready()

    def add(self, name: str, replica: str = "", **more: str) -> App:
        """Start one more process of a service; `more` is added to its environment."""
        app = App(name, self._environment(name) | more, self._folder / f"{name}{replica}.log")
        self.apps[name + replica] = app
        app.start()
        self._stack.callback(app.stop)
        return app

    def recover(self) -> None:
        """Stop what was added, resume or start again what is frozen or has ended."""
        for added in [name for name in self.apps if name not in APPS]:
            self.apps.pop(added).stop()
        parts: list[App | servers.Server]
        parts = [self.mysql, self.redis, self.etcd, self.s3, *self.apps.values()]
        for part in parts:
            part.signal(signal.SIGCONT)
            if not part.running:
                part.start()
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        wait_for(lambda: all(app.ready() for app in self.apps.values()), _READY_SECONDS)

    @property
    def url(self) -> str:
        """The address of the API."""
        return f"http://127.0.0.1:{self.apps['api'].port}"

    def part(self, name: str) -> Any:
        """Return an app or a server by its name in the compose file."""
        return self.apps.get(name) or getattr(self, name)

    def _environment(self, name: str) -> dict[str, str]:
        hosts = {
            "mysql:3306": self.mysql.port,
            "redis:6379": self.redis.port,
            "etcd:2379": self.etcd.port,
            "minio:9000": self.s3.port,
        }
        environment = {k: str(v or "") for k, v in self._compose[name]["environment"].items()}
        for host, port in hosts.items():
            environment = {k: v.replace(host, f"127.0.0.1:{port}") for k, v in environment.items()}
        return environment | self._overrides

    def _make_databases(self) -> None:
        connection = pymysql.connect(host="127.0.0.1", port=self.mysql.port, user="root")
        user = self._compose["mysql"]["environment"]["MYSQL_USER"]
        password = self._compose["mysql"]["environment"]["MYSQL_PASSWORD"]
        script = (ROOT / "scripts" / "mysql" / "databases.sql").read_text()
        with connection, connection.cursor() as cursor:
            # What the image does before it runs the script.
            cursor.execute(f"CREATE USER {user}@'%' IDENTIFIED BY '{password}'")
            for statement in re.sub(r"--.*", "", script).split(";"):
                if statement.strip():
                    cursor.execute(statement)
