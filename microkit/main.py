"""The command line of a service; the start and stop of its process.

start: settings → log → stores and peers → handlers → server → admin port → registry
stop:  in reverse
"""

import asyncio
import gc
import importlib
import logging
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import uvloop

from microkit import __version__, config, log
from microkit.admin import open_admin
from microkit.config import Settings, StartupError
from microkit.context import Context, open_context
from microkit.discovery import registered
from microkit.errors import Error
from microkit.network import Address
from microkit.process import NOT_RESTARTABLE
from microkit.saturation import open_sampler
from microkit.service import Service
from microkit.storage.settings import SqlSettings
from microkit.tracing import open_tracing
from microkit.workers import WORKER, supervise

S = TypeVar("S", bound=Settings)

OpenServer = Callable[[Service[Any], Context[Any], Address], AbstractAsyncContextManager[int]]

_log = logging.getLogger(__name__)
_MIGRATIONS: Final = ("migrate show", "migrate up", "migrate down")
_VERSION: Final = "--version"
_NUMBER: Final = re.compile(r"=\d{1,19}\b", re.ASCII)


@dataclass(frozen=True, slots=True)
class Running:
    """A running service."""

    host: str
    port: int
    admin_port: int
    context: Context[Any] = field(repr=False)


@asynccontextmanager
async def serve(
    service: Service[S],
    settings: S,
    *,
    open_server: OpenServer | None = None,
    shared_port: bool = False,
) -> AsyncIterator[Running]:
    """Serve while the block runs; then drain requests in flight and close the stores.

    Args:
        service: the declaration of the service.
        settings: the settings of this process.
        open_server: opens the server; None: as declared.
        shared_port: whether other processes listen on the same port.

    Raises:
        ConfigError: a setting is invalid.
        StoreError: a store cannot be opened.
        OSError: a port is in use.
    """
    host = settings.listen_host
    port = service.port if settings.port is None else settings.port
    admin_port = service.port + 100 if settings.admin_port is None else settings.admin_port
    open_server = open_server or importlib.import_module(service.server).open_server
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(open_sampler())
        await stack.enter_async_context(open_tracing(service.name, settings))
        context = await stack.enter_async_context(open_context(service, settings))
        address = Address(host, port, shared_port)
        port = await stack.enter_async_context(open_server(service, context, address))
        admin = open_admin(settings.admin_host, admin_port, context, reuse_port=shared_port)
        admin_port = await stack.enter_async_context(admin)
        if service.registers:
            await stack.enter_async_context(registered(settings, service.name, port))
        yield Running(host, port, admin_port, context)


def main(service: Service[Any]) -> None:
    """Run the command given by ``sys.argv``: serve until SIGTERM or SIGINT, or a subcommand."""
    arguments = " ".join(sys.argv[1:])
    migrations = _MIGRATIONS if issubclass(service.settings, SqlSettings) else ()
    allowed = ("", *service.commands, *migrations, _VERSION)
    if _NUMBER.sub("=N", arguments) not in (*allowed, WORKER):
        sys.exit(f"usage: python -m {service.package} {' | '.join(allowed)}")
    if arguments == _VERSION:
        sys.stdout.write(f"{service.package} {__version__}\n")
        return
    try:
        settings = config.load(service.settings)
        log.configure(settings, service.name)
        if _NUMBER.sub("=N", arguments) in service.commands:
            uvloop.run(_command(service, arguments, settings))
        elif arguments in migrations:
            uvloop.run(_migrate(service, arguments, settings))
        else:
            uvloop.run(_run(service, settings, worker=arguments == WORKER))
    except StartupError as error:  # its text never contains a secret
        sys.stderr.write(f"{service.name}: {error}\n")
        sys.exit(NOT_RESTARTABLE)
    except (Error, OSError) as error:
        sys.exit(f"{service.name}: {log.redact(str(error))}")


async def _run(service: Service[S], settings: S, *, worker: bool) -> None:
    stop = stop_event()
    processes = service.processes(settings)
    if processes > 1 and not worker:
        await supervise(service, processes, settings.stop_grace_seconds, stop)
        return
    async with serve(service, settings, shared_port=worker) as running:
        freeze_gc()
        _log.info("serving on %s:%d, admin port %d", running.host, running.port, running.admin_port)
        await stop.wait()
        _log.info("stopping")


async def _command(service: Service[S], name: str, settings: S) -> None:
    module, *flags = name.split()
    command = getattr(service.module(module), module)
    options = dict(map(_option, flags))
    async with open_context(service, settings) as context:
        async for line in command(context, **options):
            print(line)


def _option(flag: str) -> tuple[str, bool | int]:
    name, _, number = flag.removeprefix("--").partition("=")
    return name.replace("-", "_"), int(number) if number else True


async def _migrate(service: Service[Any], command: str, settings: SqlSettings) -> None:
    from microkit.storage.database import open_schema

    async with open_schema(settings, service.migrations()) as schema:
        for line in await getattr(schema, command.removeprefix("migrate "))():
            print(line)


def stop_event() -> asyncio.Event:
    """Return an event that is set by SIGTERM and SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def freeze_gc() -> None:
    """Exclude start-up objects from garbage collection (gc.freeze) and collect less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
