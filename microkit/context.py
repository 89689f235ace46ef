"""The context of a process: its settings, and the stores and peers it opened."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from microkit.admin import AdminPage
from microkit.config import Settings
from microkit.discovery import Resolver, open_resolver
from microkit.rpc.client import Client
from microkit.rpc.contract import ClientT, Contract
from microkit.service import Service
from microkit.storage.settings import ObjectsSettings, RedisSettings, SqlSettings

if TYPE_CHECKING:
    # A service installs only the libraries of its own stores.
    from microkit.storage.database import Database
    from microkit.storage.objects import Objects
    from microkit.storage.redis import Redis

S = TypeVar("S", bound=Settings)
S_co = TypeVar("S_co", bound=Settings, covariant=True)


class Context(Generic[S_co]):
    """Settings, stores and peers of one process.

    `checks` holds the health check of every opened store and peer, by name; `states` what else
    `/healthz` tells of them; `pages` what the admin port serves beside, by path.
    """

    def __init__(
        self, service: Service[Any], settings: S_co, resolver: Resolver, stack: AsyncExitStack
    ) -> None:
        self.settings = settings
        self.checks: dict[str, Callable[[], Awaitable[None]]] = {}
        self.states: dict[str, Callable[[], Mapping[str, str]]] = {}
        self.pages: dict[str, AdminPage] = {}
        self._service = service
        self._resolver = resolver
        self._stack = stack

    async def database(self: "Context[SqlSettings]") -> "Database":
        """Open the database at `database_url` and apply pending migrations."""
        from microkit.storage.database import open_database

        opened = open_database(self.settings, self._service.migrations())
        database = await self._stack.enter_async_context(opened)
        self.checks["database"] = database.check
        self.states["replicas"] = database.states
        return database

    async def redis(self: "Context[RedisSettings]", *, checked: bool = True) -> "Redis":
        """Open the Redis at `redis_url`; `checked`: the process is not ready without it."""
        from microkit.storage.redis import open_redis

        redis = await self._stack.enter_async_context(open_redis(self.settings))
        if checked:
            self.checks["redis"] = redis.check
        return redis

    async def objects(self: "Context[ObjectsSettings]") -> "Objects":
        """Open the object store at `objects_url`."""
        from microkit.storage.objects import open_objects

        objects = await self._stack.enter_async_context(open_objects(self.settings))
        self.checks["objects"] = objects.check
        return objects

    def client(self, contract: Contract[ClientT, Any]) -> ClientT:
        """Return a client of a contract's service.

        Raises:
            LookupError: the declaration does not list the service among the peers.
        """
        if contract.service not in self._service.peers:
            raise LookupError(
                f"{contract.service} is not among the peers of {self._service.package}.SERVICE"
            )
        client = Client(
            contract.service, contract, self._resolver, self.settings, self._service.name
        )
        self._stack.push_async_callback(client.close)
        self.checks[contract.service] = client.check
        return cast("ClientT", client)  # it has a method for each method of the contract


@asynccontextmanager
async def open_context(service: Service[Any], settings: S) -> AsyncIterator[Context[S]]:
    """Open a context; at the end its stores and peers are closed in reverse order."""
    async with AsyncExitStack() as stack:
        resolver = await stack.enter_async_context(open_resolver(settings, service.peers))
        yield Context(service, settings, resolver, stack)
