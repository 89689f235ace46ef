"""The clients of the five services."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from api import contract
from microkit.config import Settings
from microkit.discovery import Resolver
from microkit.rpc.client import Client


@dataclass(frozen=True, slots=True)
class Clients:
    """One client a service."""

    users: Client
    videos: Client
    relations: Client
    favorites: Client
    comments: Client


@asynccontextmanager
async def open_clients(settings: Settings, resolver: Resolver) -> AsyncIterator[Clients]:
    """Give the clients; their connections are closed at the end."""
    async with AsyncExitStack() as stack:
        clients = Clients(
            users=Client("userservice", contract.usermicro, resolver, settings, "api"),
            videos=Client("videoservice", contract.videomicro, resolver, settings, "api"),
            relations=Client("relationservice", contract.relationmicro, resolver, settings, "api"),
            favorites=Client("favoriteservice", contract.favoritemicro, resolver, settings, "api"),
            comments=Client("commentservice", contract.commentmicro, resolver, settings, "api"),
        )
        for name in clients.__slots__:
            stack.push_async_callback(getattr(clients, name).close)
        yield clients
