"""The five services in the tests' own process, each on a free port, and patience."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import msgspec

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

SERVICES = [
    module.SERVICE for module in (usermicro, videomicro, relationmicro, favoritemicro, commentmicro)
]


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
        made = Fleet(settings(), {}, stack, {})
        for service in SERVICES:  # in an order in which each finds those that it calls
            await start(made, service, database_url(service.package), settings)
        made.settings = settings(**addresses(made.running))
        yield made
        for each in tuple(made._stops):
            await made.stop(each)


async def start(
    fleet: Fleet, service: Service, database_url: str, settings: Callable[..., Settings]
) -> None:
    stop = AsyncExitStack()
    own = settings(**addresses(fleet.running), database_url=database_url)
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
