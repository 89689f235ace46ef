"""The five services in the tests' own process, each on a free port, and patience."""

import asyncio
import functools
import inspect
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import msgspec
from argon2 import PasswordHasher

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
from usermicro.handler import open_handlers

SERVICES = [
    module.SERVICE for module in (usermicro, videomicro, relationmicro, favoritemicro, commentmicro)
]


class Hasher(PasswordHasher):
    """Argon2id at its least cost. It counts, and waits while `gate` is closed."""

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
        settings = load({}, **{**self._known(), **overrides})
        made = Client(
            service, Contract(idl.load(stem)), StaticResolver(settings), settings, "tests"
        )
        self.stack.push_async_callback(made.close)
        return made

    async def stop(self, service: str) -> None:
        """End one service, as a crash would leave the others."""
        await self.stops.pop(service).aclose()

    async def recount(self, service: str) -> list[str]:
        """Run the service's recount command on its own stores and return what it said."""
        declared = next(each for each in SERVICES if each.name == service)
        own = self.running[service].context.settings
        # It may have been started before those that it asks.
        current = msgspec.structs.replace(own, **self._known())
        async with open_context(declared, current) as context:
            return [line async for line in declared.module("recount").recount(context)]

    def _known(self) -> dict[str, object]:
        return addresses(self.running)


def addresses(running: dict[str, Running]) -> dict[str, object]:
    return {f"{name}_addresses": f"127.0.0.1:{each.port}" for name, each in running.items()}


@asynccontextmanager
async def open_fleet(
    database_url: Callable[[str], str], settings: Callable[..., Settings]
) -> AsyncIterator[Fleet]:
    async with AsyncExitStack() as stack:
        made = Fleet(settings(), {}, Hasher(), stack, {})
        for service in SERVICES:  # in an order in which each finds those that it calls
            await start(made, service, database_url(service.package), settings)
        made.settings = settings(**addresses(made.running))
        yield made
        made.hasher.gate.set()
        for each in tuple(made.stops):
            await made.stop(each)


async def start(
    fleet: Fleet, service: Service, database_url: str, settings: Callable[..., Settings]
) -> None:
    """Start a service, or start it again on the same stores."""
    stop = AsyncExitStack()
    own = settings(**addresses(fleet.running), database_url=database_url)
    handlers = functools.partial(open_handlers, hasher=fleet.hasher)
    opened = serve(service, own, handlers if service is usermicro.SERVICE else None)
    fleet.running[service.name] = await stop.enter_async_context(opened)
    fleet.stops[service.name] = stop


# Far beyond what anything takes: it ends a test that would wait for ever.
PATIENCE_SECONDS = 60.0


async def eventually(
    condition: Callable[[], object | Awaitable[object]], seconds: float = PATIENCE_SECONDS
) -> None:
    deadline = time.monotonic() + seconds
    while True:
        held = condition()
        if await held if inspect.isawaitable(held) else held:
            return
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)
