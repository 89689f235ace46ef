"""Real servers for the tests: each on a free port, in a temporary folder, gone at the end.

One that is not installed skips the tests that need it, unless the environment says CI.
"""

import asyncio
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiomysql
import pytest
from fleet import wait_for

from microkit.storage import redis_server
from scripts.supervisor import network


def program(name: str, what_brings_it: str) -> str:
    """The path of a program; without it the test is skipped, or fails in CI."""
    elsewhere = f"/usr/sbin:/usr/local/sbin:/usr/local/go/bin:{Path.home()}/go/bin"
    found = shutil.which(name) or shutil.which(name, path=elsewhere)
    if found is None:
        message = f"{name} is not installed ({what_brings_it})"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


_reserved: list[network.ReservedPort] = []


def free_port() -> int:
    """A port that nobody else on this machine is given before this process ends."""
    _reserved.append(network.ReservedPort())
    return _reserved[-1].number


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Server:
    """A server that a test may kill, freeze, and start again on the same data."""

    def __init__(self, command: list[str], folder: Path, ready: Callable[[], bool]) -> None:
        self.folder = folder
        self._command = command
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        log = (self.folder / "server.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder
            )
        try:
            wait_for(lambda: self._alive() and self._ready(), 120)
        except AssertionError:
            raise AssertionError((self.folder / "server.log").read_text()[-3000:]) from None

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        if self._process:
            self._process.wait()

    def signal(self, number: int) -> None:
        if self._process:
            self._process.send_signal(number)

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()

    def _alive(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "server.log").read_text()[-3000:]
        return True


@contextmanager
def started(server: Server) -> Iterator[None]:
    try:
        server.start()
        yield
    finally:
        server.stop()


@contextmanager
def folder(prefix: str) -> Iterator[Path]:
    # Not below tmp_path: the path of a socket is limited to about a hundred characters.
    path = Path(tempfile.mkdtemp(prefix=f"{prefix}-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


class Redis(Server):
    @property
    def socket(self) -> Path:
        return self.folder / "socket"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"


@contextmanager
def redis() -> Iterator[Redis]:
    """The embedded Redis."""
    with folder("redis") as path:
        at = path / "socket"
        command = redis_server.command(redis_server.find(), path, at)
        server = Redis(command, path, lambda: _answers(at))
        with started(server):
            yield server


def ask_redis(at: Path, command: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(str(at))
        connection.sendall(command)
        return connection.recv(1024)


def _answers(at: Path) -> bool:
    try:
        return ask_redis(at, b"PING\r\n") == b"+PONG\r\n"
    except OSError:
        return False


class MariaDb(Server):
    port: int

    @property
    def url(self) -> str:
        return f"mysql://root@127.0.0.1:{self.port}"


@contextmanager
def mariadb_server() -> Iterator[MariaDb]:
    """A MariaDB of its own."""
    mariadbd = program("mariadbd", "Debian: mariadb-server")
    install = program("mariadb-install-db", "Debian: mariadb-server")
    with folder("mariadb") as path:
        data, port = path / "data", free_port()
        # As root it insists on being told so.
        user = ["--user=root"] if os.geteuid() == 0 else []
        _install([
            install, "--no-defaults", f"--datadir={data}", *user, "--skip-test-db",
            "--auth-root-authentication-method=normal",
        ], data)  # fmt: skip
        command = [
            mariadbd, "--no-defaults", f"--datadir={data}", "--bind-address=127.0.0.1",
            f"--port={port}", f"--socket={path}/socket", "--innodb-buffer-pool-size=32M", *user,
        ]  # fmt: skip
        server = MariaDb(command, path, lambda: listens(port))
        server.port = port
        with started(server):
            yield server


def _install(command: list[str], data: Path) -> None:
    """Make the system tables; on a machine that is very busy that may take another try."""
    for _ in range(3):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        shutil.rmtree(data, ignore_errors=True)
    raise AssertionError(done.stdout[-2000:] + done.stderr[-2000:])


@contextmanager
def mariadb() -> Iterator[str]:
    with mariadb_server() as server:
        yield server.url


def empty_database(server_url: str, name: str) -> str:
    """Make a database of this name anew and return its URL."""
    port = int(server_url.rpartition(":")[2])

    async def make() -> None:
        connection = await aiomysql.connect(host="127.0.0.1", port=port, user="root")
        async with connection.cursor() as cursor:
            await cursor.execute("SET sql_notes = 0")
            await cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
            await cursor.execute(f"CREATE DATABASE `{name}`")
        connection.close()

    # A loop of its own: fixtures ask from inside of one.
    thread = threading.Thread(target=lambda: asyncio.run(make()))
    thread.start()
    thread.join()
    return f"{server_url}/{name}"


class S3(Server):
    """versitygw: buckets are folders below `data`."""

    port: int

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, bucket: str) -> str:
        return f"minio://access:secretkey@127.0.0.1:{self.port}/{bucket}"

    def objects(self, bucket: str) -> list[Path]:
        """The objects of a bucket, and what uploads that never ended left."""
        return sorted(path for path in (self.data / bucket).rglob("*") if path.is_file())


@contextmanager
def s3() -> Iterator[S3]:
    """An S3 server of its own."""
    versitygw = program("versitygw", "go install github.com/versity/versitygw/cmd/versitygw@v1.8.0")
    with folder("s3") as path:
        port = free_port()
        (path / "data").mkdir()
        (path / "sidecar").mkdir()
        command = [
            versitygw, "--port", f"127.0.0.1:{port}", "--access", "access", "--secret",
            "secretkey", "--quiet", "posix", "--sidecar", str(path / "sidecar"),
            str(path / "data"),
        ]  # fmt: skip
        server = S3(command, path, lambda: listens(port))
        server.port = port
        with started(server):
            yield server


@dataclass
class Store:
    """An empty store of objects: its URL, and which files it is made of."""

    url: str
    files: Callable[[], list[Path]]


def store(request: pytest.FixtureRequest, kind: str) -> Store:
    """An empty store of a kind: file or minio."""
    if kind == "file":
        root: Path = request.getfixturevalue("tmp_path") / "objects"
        return Store(f"file://{root}", lambda: [p for p in root.rglob("*") if p.is_file()])
    server: S3 = request.getfixturevalue("s3")
    bucket = f"bucket-{uuid.uuid4().hex[:12]}"
    return Store(server.url(bucket), lambda: server.objects(bucket))


def database(request: pytest.FixtureRequest, kind: str) -> Callable[[str], str]:
    """Gives the URL of an empty database of a name, on an engine: sqlite or mysql."""
    if kind == "sqlite":
        folder: Path = request.getfixturevalue("tmp_path")
        return lambda name: f"sqlite://{folder}/{name}.db"
    server: str = request.getfixturevalue("mariadb")
    return lambda name: empty_database(server, name)


class EtcdServer(Server):
    port: int

    @property
    def url(self) -> str:
        return f"etcd://127.0.0.1:{self.port}"


def _healthy(url: str) -> bool:
    anybody = ssl._create_unverified_context()
    try:
        with urllib.request.urlopen(url, timeout=1, context=anybody) as answer:
            return b'"health":"true"' in answer.read()
    except OSError:
        return False


@contextmanager
def etcd(certificate: Path | None = None, key: Path | None = None) -> Iterator[EtcdServer]:
    """An etcd of its own, with TLS if there is a certificate."""
    binary = program("etcd", "Debian: etcd-server")
    with folder("etcd") as path:
        port, peer = free_port(), free_port()
        url = f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
        tls = ["--cert-file", str(certificate), "--key-file", str(key)] if certificate else []
        command = [
            binary, *tls, "--data-dir", str(path / "data"), "--listen-client-urls", url,
            "--advertise-client-urls", url, "--listen-peer-urls", f"http://127.0.0.1:{peer}",
            "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
            "--initial-cluster", f"default=http://127.0.0.1:{peer}",
        ]  # fmt: skip
        server = EtcdServer(command, path, lambda: _healthy(f"{url}/health"))
        server.port = port
        with started(server):
            yield server


class TcpRedis(Server):
    port: int


@contextmanager
def tcp_redis(arguments: list[str]) -> Iterator[TcpRedis]:
    """A redis-server of the machine's, with these arguments, on a port."""
    binary = program("redis-server", "Debian: redis-server")
    with folder("redis") as path:
        port = free_port()
        command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(path)]
        server = TcpRedis([*command, *arguments], path, lambda: listens(port))
        server.port = port
        with started(server):
            yield server
