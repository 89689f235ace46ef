"""Serves a service's handlers over Thrift."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from microkit.context import Context
from microkit.network import Address
from microkit.rpc.server import Server, ServerLimits
from microkit.service import Service

OpenHandlers = Callable[[Context[Any]], AbstractAsyncContextManager[Mapping[str, object]]]


@asynccontextmanager
async def open_server(
    service: Service[Any],
    context: Context[Any],
    address: Address,
    open_handlers: OpenHandlers | None = None,
) -> AsyncIterator[int]:
    """Serve the package's ``handler.CONTRACT`` while the block runs; yields the port.

    At the end calls in flight are drained within `stop_grace_seconds`.

    Args:
        service: the declaration of the service.
        context: its settings, stores and peers.
        address: where to listen.
        open_handlers: opens the handlers; None: the package's ``handler.open_handlers``.

    Raises:
        ConfigError: a setting is invalid.
        StoreError: a store cannot be opened.
        OSError: the port is in use, or the Unix socket cannot be made.
    """
    handler = service.module("handler")
    opened: OpenHandlers = open_handlers or handler.open_handlers
    async with opened(context) as by_thrift_service:
        limits = ServerLimits.of(context.settings)
        server = Server(service.name, handler.CONTRACT, by_thrift_service, limits)
        await server.listen(address.host, address.port)
        if context.settings.rpc_socket:
            await server.listen_unix(context.settings.rpc_socket)
        try:
            yield server.port
        finally:
            await server.stop(context.settings.stop_grace_seconds)
