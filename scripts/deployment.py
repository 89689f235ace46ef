"""The deployment of docker-compose.yml as plain processes, with real servers on this machine."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pymysql
import yaml

import idl
from scripts import servers, sql_servers
from scripts.servers import EndedError, wait_for
from scripts.supervisor.system import RELAXED_LIMITS

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
    # A variable with a default becomes empty; all others must be in SECRETS.
    text = re.sub(r"(?<!\$)\$\{\w+:-\}", "", text)
    filled = re.sub(r"(?<!\$)\$\{(\w+)[^}]*\}", lambda found: SECRETS[found[1]], text)
    filled_in: dict[str, Any] = yaml.safe_load(filled)
    return filled_in


class App:
    """The process of one container, on free ports.

    Args:
        name: the package.
        environment: its settings.
        log: the file that its log is appended to.
        wrapper: a command that runs the process, such as a sandbox.
    """

    def __init__(
        self, name: str, environment: dict[str, str], log: Path, wrapper: Sequence[str] = ()
    ) -> None:
        self.name, self.log, self._wrapper = name, log, wrapper
        self.port, self.admin_port = servers.free_port(), servers.free_port()
        self._environment = {
            **os.environ,
            **environment,
            "LISTEN_HOST": "127.0.0.1",
            "ADMIN_HOST": "127.0.0.1",
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
                [*self._wrapper, sys.executable, "-m", self.name],
                env=self._environment,
                stderr=log,
                cwd=ROOT,
            )

    def ready(self) -> bool:
        """Return whether /healthz reports the process healthy.

        Raises:
            EndedError: the process ended.
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
        """Whether the process was started and has not ended."""
        return self.process is not None and self.process.poll() is None

    def signal(self, number: int) -> None:
        """Send the process a signal, if it runs."""
        if self.process is not None:
            self.process.send_signal(number)

    def kill(self) -> None:
        """Kill the process with SIGKILL, as a crash would."""
        self.signal(signal.SIGKILL)
        self.wait()

    def wait(self) -> int | None:
        """Wait until the process has ended and return its exit code."""
        return self.process.wait(_STOP_SECONDS) if self.process else None

    def stop(self) -> int | None:
        """Stop the process with SIGTERM, even if it is frozen, and return its exit code."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        return self.wait()


class Deployment:
    """The real servers and the project's processes.

    Args:
        stack: stops everything when it closes.
        folder: where the logs are written.
        overrides: environment variables of all processes.
    """

    def __init__(self, stack: ExitStack, folder: Path, **overrides: str) -> None:
        self._stack, self._folder, self._overrides = stack, folder, overrides
        self._compose = compose()["services"]
        self.mysql = stack.enter_context(sql_servers.mariadb())
        self._make_databases()
        arguments = self._compose["redis"]["command"][1:]
        self.redis = stack.enter_context(servers.tcp_redis(arguments))
        self.etcd = stack.enter_context(servers.etcd())
        self.s3 = stack.enter_context(servers.s3())
        self.apps: dict[str, App] = {}
        for name in APPS:
            self.add(name)
        self._wait_until_ready()

    def add(self, name: str, replica: str = "", wrapper: Sequence[str] = (), **more: str) -> App:
        """Start another process of a service, with `more` environment variables."""
        log = self._folder / f"{name}{replica}.log"
        app = App(name, self._environment(name) | more, log, wrapper)
        self.apps[name + replica] = app
        app.start()
        self._stack.callback(app.stop)
        return app

    def recover(self) -> None:
        """Stop added processes; resume frozen ones and restart ended ones."""
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
        """Return a process or a server by its name in the compose file."""
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
        # The load comes from one machine and few accounts, and nothing shall run beside it.
        relaxed = RELAXED_LIMITS | {"MEDIA_RENDITIONS": "false"} if name == "api" else {}
        return environment | relaxed | self._overrides

    def _make_databases(self) -> None:
        connection = pymysql.connect(host="127.0.0.1", port=self.mysql.port, user="root")
        user = self._compose["mysql"]["environment"]["MYSQL_USER"]
        password = self._compose["mysql"]["environment"]["MYSQL_PASSWORD"]
        script = (ROOT / "scripts" / "mysql" / "databases.sql").read_text()
        with connection, connection.cursor() as cursor:
            # The mysql image creates the user before it runs the script.
            cursor.execute(f"CREATE USER {user}@'%' IDENTIFIED BY '{password}'")
            for statement in re.sub(r"--.*", "", script).split(";"):
                if statement.strip():
                    cursor.execute(statement)
