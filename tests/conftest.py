"""Real parts for the tests: a Redis of their own, SQLite files, and the five services in here."""

import asyncio
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

import commentmicro
import favoritemicro
import idl
import relationmicro
import usermicro
import videomicro
from microkit.config import Settings, load
from microkit.discovery.static import StaticResolver
from microkit.rpc.client import Client
from microkit.rpc.contract import Contract
from microkit.service import Running, Service, open_context, serve
from microkit.storage import redis_server

SERVICES = [
    module.SERVICE for module in (usermicro, videomicro, relationmicro, favoritemicro, commentmicro)
]


@pytest.fixture(scope="session")
def redis_socket() -> Iterator[Path]:
    """A redis-server that this run's tests share; ends with them."""
    # Not below tmp_path: the path of a socket is limited to about a hundred characters.
    folder = Path(tempfile.mkdtemp(prefix="redis-"))
    at = folder / "socket"
    process = subprocess.Popen(redis_server.command(redis_server.find(), folder, at))
    try:
        wait_for(lambda: _answers(at))
        yield at
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


@pytest.fixture
def redis_url(redis_socket: Path) -> str:
    """The URL of an empty Redis."""
    assert _ask(redis_socket, b"FLUSHALL\r\n") == b"+OK\r\n"
    return f"unix://{redis_socket}"


@pytest.fixture
def settings(tmp_path: Path, redis_url: str) -> Callable[..., Settings]:
    """Makes settings: free ports, stores in temporary places; arguments win."""

    def make(**overrides: object) -> Settings:
        defaults: dict[str, object] = {
            "port": 0,
            "admin_port": 0,
            "redis_url": redis_url,
            "database_url": f"sqlite://{tmp_path}/test.db",
            "objects_url": f"file://{tmp_path}/objects",
            "stop_grace_seconds": 1.0,
        }
        return load({}, **{**defaults, **overrides})

    return make


@dataclass
class Fleet:
    """The five services, each on a free port of this process."""

    settings: Settings
    running: dict[str, Running]
    _stack: AsyncExitStack
    _stops: dict[str, AsyncExitStack]

    def client(self, service: str, **overrides: object) -> Client:
        """A client of one service."""
        stem = next(each.package for each in SERVICES if each.name == service)
        settings = load({}, **{**self._known(), **overrides})
        made = Client(
            service, Contract(idl.load(stem)), StaticResolver(settings), settings, "tests"
        )
        self._stack.push_async_callback(made.close)
        return made

    async def stop(self, service: str) -> None:
        """End one service, as a crash would leave the others."""
        await self._stops.pop(service).aclose()

    async def recount(self, service: str) -> list[str]:
        """Run the service's recount command on its own stores and return what it said."""
        declared = next(each for each in SERVICES if each.name == service)
        own = self.running[service].context.settings
        # It may have been started before those that it asks.
        current = msgspec.structs.replace(own, **self._known())
        async with open_context(service, current) as context:
            return [line async for line in declared.module("recount").recount(context)]

    def _known(self) -> dict[str, object]:
        return addresses(self.running)


def addresses(running: dict[str, Running]) -> dict[str, object]:
    return {f"{name}_addresses": f"127.0.0.1:{each.port}" for name, each in running.items()}


@pytest.fixture
async def fleet(tmp_path: Path, settings: Callable[..., Settings]) -> AsyncIterator[Fleet]:
    """All five services, serving."""
    async with open_fleet(tmp_path, settings) as made:
        yield made


@asynccontextmanager
async def open_fleet(folder: Path, settings: Callable[..., Settings]) -> AsyncIterator[Fleet]:
    async with AsyncExitStack() as stack:
        made = Fleet(settings(), {}, stack, {})
        for service in SERVICES:  # in an order in which each finds those that it calls
            await start(made, service, folder, settings)
        made.settings = settings(**addresses(made.running))
        yield made
        for each in tuple(made._stops):
            await made.stop(each)


async def start(
    fleet: Fleet, service: Service, folder: Path, settings: Callable[..., Settings]
) -> None:
    stop = AsyncExitStack()
    own = settings(
        **addresses(fleet.running), database_url=f"sqlite://{folder}/{service.package}.db"
    )
    fleet.running[service.name] = await stop.enter_async_context(serve(service, own))
    fleet._stops[service.name] = stop


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


async def eventually(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


def _answers(at: Path) -> bool:
    try:
        return _ask(at, b"PING\r\n") == b"+PONG\r\n"
    except OSError:
        return False


def _ask(at: Path, command: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(at))
        connection.sendall(command)
        return connection.recv(1024)
