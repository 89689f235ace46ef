"""What docker-compose.yml describes, as plain processes on real servers of this machine."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pymysql
import pytest
import servers
import yaml
from e2e.apk import Apk, opened
from e2e.load import PEOPLE, Load
from fleet import wait_for

ROOT = Path(__file__).parents[2]
SECRETS = {
    "MYSQL_PASSWORD": "mysqlpw",
    "REDIS_PASSWORD": "redispw",
    "MINIO_USER": "access",
    "MINIO_PASSWORD": "secretkey",
    "JWT_SECRET": "a secret of at least thirty-two bytes",
}
APPS = ("usermicro", "videomicro", "relationmicro", "favoritemicro", "commentmicro", "api")


def compose() -> dict[str, Any]:
    """The file, with its variables filled in."""
    text = (ROOT / "docker-compose.yml").read_text()
    # One with a default is empty; one without has to be set.
    text = re.sub(r"(?<!\$)\$\{\w+:-\}", "", text)
    filled = re.sub(r"(?<!\$)\$\{(\w+)[^}]*\}", lambda found: SECRETS[found[1]], text)
    return yaml.safe_load(filled)


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
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.name], env=self._environment, stderr=log, cwd=ROOT
            )

    def ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}/healthz", timeout=3)
        except OSError:
            return False
        return True

    def signal(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.wait()

    def wait(self) -> int | None:
        return self.process.wait(20) if self.process else None

    def stop(self) -> int | None:
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        return self.wait()


class System:
    """The real servers and the apps on them."""

    def __init__(self, stack: ExitStack, folder: Path, **overrides: str) -> None:
        self._stack, self._folder, self._overrides = stack, folder, overrides
        self._compose = compose()["services"]
        self.mysql = stack.enter_context(servers.mariadb_server())
        self._make_databases()
        arguments = self._compose["redis"]["command"][1:]
        self.redis = stack.enter_context(servers.tcp_redis(arguments))
        self.etcd = stack.enter_context(servers.etcd())
        self.s3 = stack.enter_context(servers.s3())
        self.apps: dict[str, App] = {}
        for name in APPS:
            self.add(name)
        wait_for(lambda: all(app.ready() for app in self.apps.values()), 30)

    def add(self, name: str, replica: str = "", **more: str) -> App:
        """Start one more container of a service."""
        app = App(name, self._environment(name) | more, self._folder / f"{name}{replica}.log")
        self.apps[name + replica] = app
        app.start()
        self._stack.callback(app.stop)
        return app

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.apps['api'].port}"

    def part(self, name: str) -> Any:
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


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """All of it, running."""
    with ExitStack() as stack:
        yield System(stack, tmp_path)


@pytest.fixture
async def load(system: System, clip: Path) -> AsyncIterator[Load]:
    """Writes of all kinds, ready to run."""
    async with opened(system.url) as session:
        apk = Apk(session)
        people = [await apk.register(f"person {n}") for n in range(PEOPLE)]
        assert (await apk.publish(people[0], clip, "the first"))["status_code"] == 0
        video = (await apk.get("feed"))["video_list"][0]["id"]
        yield Load(apk, people, video, clip)


def timestamp() -> float:
    return time.monotonic()
