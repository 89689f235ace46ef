"""Real servers for the tests and ``scripts/bench --real``: Redis, S3, etcd; SQL: `sql_servers`.

Each is a process on a free port with a temporary folder; both are gone at the end.
"""

import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from microkit.storage import redis_server
from scripts.supervisor.network import ReservedPort

# Much longer than a start takes, even on a busy machine.
_START_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.02

_reserved: list[ReservedPort] = []


class NotInstalledError(Exception):
    """A program is not installed; the message says what to install."""


def program(name: str, source: str) -> str:
    """Return the path of a program; `source` says in the error what to install.

    Raises:
        NotInstalledError: the program is not installed.
    """
    elsewhere = f"/usr/sbin:/usr/local/sbin:/usr/local/go/bin:{Path.home()}/go/bin"
    found = shutil.which(name) or shutil.which(name, path=elsewhere)
    if found is None:
        raise NotInstalledError(f"{name} is not installed ({source})")
    return found


def free_port() -> int:
    """Return a port that stays reserved until this process ends."""
    _reserved.append(ReservedPort())
    return _reserved[-1].number


def listens(port: int) -> bool:
    """Return whether a local server accepts connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition: Callable[[], object], seconds: float = _STOP_SECONDS) -> None:
    """Wait until the condition holds.

    Raises:
        TimeoutError: it does not hold after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"the condition does not hold after {seconds:g} s")
        time.sleep(_POLL_SECONDS)


class EndedError(Exception):
    """A server ended unexpectedly; the message is the end of its log."""


class Server:
    """A server that can be killed, frozen, and started again on the same data.

    Args:
        command: the program and its arguments.
        folder: its working folder, with its log ``server.log``.
        ready: returns whether the server accepts requests.
    """

    def __init__(self, command: Sequence[str], folder: Path, ready: Callable[[], bool]) -> None:
        self.folder = folder
        self._command = command
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it is ready.

        Raises:
            EndedError: it ended during the start.
            TimeoutError: it did not become ready.
        """
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder
            )
        wait_for(lambda: self._alive() and self._ready(), _START_SECONDS)

    @property
    def running(self) -> bool:
        """Whether the server was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The id of the process that was started last, 0 if none was."""
        return self._process.pid if self._process else 0

    def kill(self) -> None:
        """Kill the server with SIGKILL, as a crash would."""
        self.signal(signal.SIGKILL)
        if self._process:
            self._process.wait()

    def signal(self, number: int) -> None:
        """Send the server a signal."""
        if self._process:
            self._process.send_signal(number)

    def stop(self) -> None:
        """Stop the server with SIGTERM, even if it is frozen."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    def _alive(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise EndedError((self.folder / "server.log").read_text()[-3000:])
        return True


@contextmanager
def started(server: Server) -> Iterator[None]:
    """Start the server and stop it at the end."""
    try:
        server.start()
        yield
    finally:
        server.stop()


@contextmanager
def folder(prefix: str) -> Iterator[Path]:
    """Make a temporary folder and remove it at the end."""
    # A short path: the kernel limits the paths of sockets to about 100 characters.
    path = Path(tempfile.mkdtemp(prefix=f"{prefix}-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


class Redis(Server):
    """The embedded Redis."""

    @property
    def socket(self) -> Path:
        """The path of its socket."""
        return self.folder / "socket"

    @property
    def url(self) -> str:
        """The value of REDIS_URL."""
        return f"unix://{self.socket}"


@contextmanager
def redis() -> Iterator[Redis]:
    """Run the embedded Redis."""
    with folder("redis") as path:
        at = path / "socket"
        command = redis_server.command(redis_server.find(), path, at)
        server = Redis(command, path, lambda: _answers(at))
        with started(server):
            yield server


def ask_redis(at: Path, command: bytes) -> bytes:
    """Send a command to the Redis at a socket and return its short answer."""
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


class S3(Server):
    """versitygw: buckets are folders below `data`."""

    port: int

    @property
    def data(self) -> Path:
        """The folder of all buckets."""
        return self.folder / "data"

    def url(self, bucket: str) -> str:
        """The value of OBJECTS_URL for a bucket."""
        return f"minio://access:secretkey@127.0.0.1:{self.port}/{bucket}"

    def objects(self, bucket: str) -> list[Path]:
        """Return the files of a bucket: objects and parts of unfinished uploads."""
        return sorted(path for path in (self.data / bucket).rglob("*") if path.is_file())


@contextmanager
def s3(certificate: Path | None = None, key: Path | None = None) -> Iterator[S3]:
    """Run an S3 server, with TLS if there is a certificate."""
    versitygw = program("versitygw", "go install github.com/versity/versitygw/cmd/versitygw@v1.8.0")
    with folder("s3") as path:
        port = free_port()
        (path / "data").mkdir()
        (path / "sidecar").mkdir()
        tls = ["--cert", str(certificate), "--key", str(key)] if certificate else []
        command = [
            versitygw, "--port", f"127.0.0.1:{port}", "--access", "access", "--secret",
            "secretkey", "--quiet", *tls, "posix", "--sidecar", str(path / "sidecar"),
            str(path / "data"),
        ]  # fmt: skip
        server = S3(command, path, lambda: listens(port))
        server.port = port
        with started(server):
            yield server


class EtcdServer(Server):
    """One etcd."""

    port: int

    @property
    def url(self) -> str:
        """The value of DISCOVERY_URL."""
        return f"etcd://127.0.0.1:{self.port}"


def _healthy(url: str, certificate: Path | None) -> bool:
    trusted = ssl.create_default_context(cafile=certificate) if certificate else None
    try:
        with urllib.request.urlopen(url, timeout=5, context=trusted) as answer:  # noqa: S310 - ours
            return b'"health":"true"' in answer.read()
    except OSError:
        return False


@contextmanager
def etcd(certificate: Path | None = None, key: Path | None = None) -> Iterator[EtcdServer]:
    """Run an etcd, with TLS if there is a certificate."""
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
        server = EtcdServer(command, path, lambda: _healthy(f"{url}/health", certificate))
        server.port = port
        with started(server):
            yield server


class TcpRedis(Server):
    """A Redis on a port."""

    port: int


@contextmanager
def tcp_redis(arguments: list[str]) -> Iterator[TcpRedis]:
    """Run the installed redis-server with these arguments, on a port."""
    binary = program("redis-server", "Debian: redis-server")
    with folder("redis") as path:
        port = free_port()
        command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(path)]
        server = TcpRedis([*command, *arguments], path, lambda: listens(port))
        server.port = port
        with started(server):
            yield server
