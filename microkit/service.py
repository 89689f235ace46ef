"""The composition root: how a service's process is put together, started and stopped.

settings → log → stores and peers → handlers → server → admin port → registry   (stop: in reverse)
"""

import asyncio
import gc
import importlib
import logging
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

import uvloop

from microkit import config, log
from microkit.admin import open_admin
from microkit.config import ConfigError, Settings
from microkit.discovery import Resolver, open_resolver, registered
from microkit.errors import Error
from microkit.rpc.client import Client
from microkit.rpc.contract import Contract
from microkit.rpc.server import Limits, Server

if TYPE_CHECKING:
    # Each service has the libraries of its own stores only.
    from microkit.storage.database import Database
    from microkit.storage.redis import Redis

_log = logging.getLogger(__name__)
_MIGRATIONS: Final = ("migrate show", "migrate up", "migrate down")


@dataclass(frozen=True, slots=True)
class Service:
    """The declaration of a service, from which the command, the all-in-one run and tests start.

    `package` has ``contract.contract`` and ``handler.open_handlers(context)``; each name in
    `commands` is a module of it with a coroutine of the same name, which takes the context and
    yields lines for the person who ran it.
    """

    name: str
    package: str
    port: int
    stores: Sequence[str]
    commands: Sequence[str] = ()

    def migrations(self) -> Path:
        """Return the folder of the schema's migrations."""
        file = importlib.import_module(self.package).__file__
        return Path(file or "").parent / "migrations"

    def module(self, name: str) -> ModuleType:
        """Import one of the package's modules."""
        return importlib.import_module(f"{self.package}.{name}")


class Context:
    """What handlers are made from: settings, and stores and peers, which are closed at the end."""

    def __init__(
        self, service: Service, settings: Settings, resolver: Resolver, stack: AsyncExitStack
    ) -> None:
        self.settings = settings
        self.checks: dict[str, Callable[[], Awaitable[None]]] = {}
        self._service = service
        self._resolver = resolver
        self._stack = stack

    async def database(self) -> "Database":
        """Open the database of the settings, its schema brought up to date."""
        from microkit.storage.database import open_database

        opened = open_database(self.settings, self._service.migrations())
        database = await self._stack.enter_async_context(opened)
        self.checks["database"] = database.check
        return database

    async def redis(self) -> "Redis":
        """Open the Redis of the settings."""
        from microkit.storage.redis import open_redis

        redis = await self._stack.enter_async_context(open_redis(self.settings))
        self.checks["redis"] = redis.check
        return redis

    def client(self, service: str, contract: Contract) -> Client:
        """Return a client of another service."""
        client = Client(service, contract, self._resolver, self.settings, self._service.name)
        self._stack.push_async_callback(client.close)
        self.checks[service] = client.check
        return client


@dataclass(frozen=True, slots=True)
class Running:
    """A service that serves."""

    host: str
    port: int
    admin_port: int
    context: Context | None = field(default=None, repr=False)


OpenHandlers = Callable[[Context], AbstractAsyncContextManager[Mapping[str, object]]]


@asynccontextmanager
async def open_context(service: Service, settings: Settings) -> AsyncIterator[Context]:
    """Give a context; what it opened is closed in reverse."""
    async with AsyncExitStack() as stack:
        resolver = await stack.enter_async_context(open_resolver(settings))
        yield Context(service, settings, resolver, stack)


@asynccontextmanager
async def serve(
    service: Service, settings: Settings, open_handlers: OpenHandlers | None = None
) -> AsyncIterator[Running]:
    """Serve until the block ends; then finish what is in flight and close the stores.

    Args:
        service: the declaration.
        settings: the settings of this instance.
        open_handlers: opens the handlers; None is the package's own ``handler.open_handlers``.

    Raises:
        ConfigError: a setting cannot be used.
        StoreError: a store cannot be opened.
        OSError: a port is in use.
    """
    host = settings.listen_host
    port = service.port if settings.port is None else settings.port
    admin_port = service.port + 100 if settings.admin_port is None else settings.admin_port
    contract: Contract = service.module("contract").contract
    async with open_context(service, settings) as context:
        opened: OpenHandlers = open_handlers or service.module("handler").open_handlers
        async with opened(context) as by_thrift_service:
            server = Server(service.name, contract, by_thrift_service, Limits.of(settings))
            await server.listen(host, port)
            try:
                async with (
                    open_admin(host, admin_port, context.checks) as admin_port,
                    registered(settings, service.name, server.port),
                ):
                    yield Running(host, server.port, admin_port, context)
            finally:
                await server.stop(settings.stop_grace_seconds)


def main(service: Service) -> None:
    """Run the service, or one of its commands, until it is done or told to stop by a signal."""
    arguments = " ".join(sys.argv[1:])
    migrations = _MIGRATIONS if "sql" in service.stores else ()
    allowed = ("", *service.commands, *migrations)
    if arguments not in allowed:
        sys.exit(f"usage: python -m {service.package} {' | '.join(allowed)}")
    try:
        settings = config.load()
        log.configure(settings, service.name)
        if arguments in service.commands:
            uvloop.run(_command(service, arguments, settings))
        elif arguments in migrations:
            uvloop.run(_migrate(service, arguments, settings))
        else:
            uvloop.run(_run(service, settings))
    except ConfigError as error:  # which never holds a secret
        sys.exit(f"{service.name}: {error}")
    except (Error, OSError) as error:
        sys.exit(f"{service.name}: {log.masked(str(error))}")


async def _run(service: Service, settings: Settings) -> None:
    stop = stopped_by_signal()
    async with serve(service, settings) as running:
        settle()
        _log.info("serves on %s:%d, admin on %d", running.host, running.port, running.admin_port)
        await stop.wait()
        _log.info("stops")


async def _command(service: Service, name: str, settings: Settings) -> None:
    command = getattr(service.module(name), name)
    async with open_context(service, settings) as context:
        async for line in command(context):
            print(line)


async def _migrate(service: Service, command: str, settings: Settings) -> None:
    from microkit.storage.database import open_schema

    async with open_schema(settings, service.migrations()) as schema:
        for line in await getattr(schema, command.removeprefix("migrate "))():
            print(line)


def stopped_by_signal() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def settle() -> None:
    """Take what is there for good out of the garbage collector's rounds."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
