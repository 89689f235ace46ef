"""The five services in the test process, and waiting for conditions."""

import asyncio
import dataclasses
import functools
import importlib
import inspect
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from argon2 import PasswordHasher

import api
import idl
import usermicro
from microkit.config import Settings, load
from microkit.context import open_context
from microkit.discovery.static import StaticResolver
from microkit.main import Running, serve
from microkit.metrics import REGISTRY
from microkit.rpc.client import Client
from microkit.rpc.contract import Contract
from microkit.rpc.service import open_server
from microkit.service import Service
from usermicro.handler import open_handlers

SERVICES: list[Service] = [importlib.import_module(package).SERVICE for package in idl.RPC]

# The settings of all packages in one class, so that the same settings start any of them.
AllSettings = dataclasses.make_dataclass(
    "AllSettings",
    [],
    bases=tuple(service.settings for service in (*SERVICES, api.SERVICE)),
    frozen=True,
    kw_only=True,
)


class Hasher(PasswordHasher):
    """Argon2id at minimal cost; records verified hashes and waits while `gate` is closed."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.gate = threading.Event()
        self.gate.set()
        self.verified: list[str] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # noqa: A002 - argon2's name
        self.verified.append(str(hash))
        assert self.gate.wait(60)
        return super().verify(hash, password)


@dataclass
class Fleet:
    """The five services, each on a free port of this process."""

    settings: Settings
    running: dict[str, Running]
    hasher: Hasher
    stack: AsyncExitStack
    stops: dict[str, AsyncExitStack]

    def client(self, service: str, **overrides: object) -> Client:
        """A client of one service."""
        stem = next(each.package for each in SERVICES if each.name == service)
        settings = load(Settings, {}, **{"rpc_timeout_ms": 60_000, **overrides})
        resolver = StaticResolver(addresses(self.running)["addresses"], idl.ports())
        made = Client(service, Contract(idl.load(stem)), resolver, settings, "tests")
        self.stack.push_async_callback(made.close)
        return made

    async def stop(self, service: str) -> None:
        """Stop one service; the others keep running."""
        await self.stops.pop(service).aclose()

    async def recount(self, service: str) -> list[str]:
        """Run the service's recount command on its own stores and return its lines."""
        declared = next(each for each in SERVICES if each.name == service)
        own = self.running[service].context.settings
        # Its peers may have been started after it: use their current addresses.
        current = dataclasses.replace(own, **addresses(self.running))
        async with open_context(declared, current) as context:
            return [line async for line in declared.module("recount").recount(context)]


def addresses(running: dict[str, Running], **others: int) -> dict[str, dict[str, str]]:
    """The `addresses` setting for the running services, and for `others` by port."""
    ports = {name: each.port for name, each in running.items()} | others
    return {"addresses": {name: f"127.0.0.1:{port}" for name, port in ports.items()}}


@asynccontextmanager
async def open_fleet(
    database_url: Callable[[str], str], settings: Callable[..., Settings]
) -> AsyncIterator[Fleet]:
    async with AsyncExitStack() as stack:
        made = Fleet(settings(), {}, Hasher(), stack, {})
        for service in SERVICES:  # each after its peers
            await start(made, service, database_url(service.package), settings)
        made.settings = settings(**addresses(made.running))
        yield made
        made.hasher.gate.set()
        for each in tuple(made.stops):
            await made.stop(each)


async def start(
    fleet: Fleet, service: Service, database_url: str, settings: Callable[..., Settings]
) -> None:
    """Start or restart a service on its stores."""
    stop = AsyncExitStack()
    own = settings(**addresses(fleet.running), database_url=database_url)
    handlers = functools.partial(open_handlers, hasher=fleet.hasher)
    cheap = functools.partial(open_server, open_handlers=handlers)
    opened = serve(service, own, open_server=cheap if service is usermicro.SERVICE else None)
    fleet.running[service.name] = await stop.enter_async_context(opened)
    fleet.stops[service.name] = stop


# Longer than any condition takes; ends a test that would wait forever.
PATIENCE_SECONDS = 60.0


class Clock:
    """A clock of seconds that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def turns(count: int = 10) -> None:
    """Run `count` iterations of the event loop, so that ready tasks proceed."""
    for _ in range(count):
        await asyncio.sleep(0)


def store_calls(store: str) -> float:
    """The number of calls of this process to one kind of store."""
    return REGISTRY.get_sample_value("store_calls_total", {"store": store}) or 0.0


async def eventually(
    condition: Callable[[], object | Awaitable[object]], seconds: float = PATIENCE_SECONDS
) -> None:
    """Wait until `condition` is true; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if await result if inspect.isawaitable(result) else result:
            return
        assert time.monotonic() < deadline, "the condition did not become true in time"
        await asyncio.sleep(0.01)
