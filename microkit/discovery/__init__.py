"""Where a service's instances are: `DISCOVERY_URL` chooses how that is known and told."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from microkit.config import ConfigError, Settings, set_default_environment
from microkit.network import reachable_address


@dataclass(frozen=True, slots=True)
class Instance:
    """One running process of a service."""

    host: str
    port: int
    weight: int = 10

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Resolver(Protocol):
    """Knows the instances of a service."""

    def known(self, service: str) -> Sequence[Instance]:
        """Return the instances as they are known by now; none if `resolve` has to find out."""

    async def resolve(self, service: str) -> Sequence[Instance]:
        """Return the instances of `service`, the last known ones while nobody can be asked."""


@asynccontextmanager
async def open_resolver(
    settings: Settings, ports: Mapping[str, int] | None = None
) -> AsyncIterator[Resolver]:
    """Give the resolver of the settings: fixed addresses, or etcd's.

    Args:
        settings: say which, and the fixed addresses.
        ports: the services that will be resolved, with their default ports on this machine; only
            fixed addresses need them.

    Raises:
        ConfigError: no such kind of discovery.
    """
    scheme = settings.discovery_url.partition(":")[0]
    if scheme == "static":
        from microkit.discovery.static import StaticResolver

        yield StaticResolver(settings.addresses, ports or {})
    elif scheme in ("etcd", "etcds"):
        _before_grpc()
        from microkit.discovery.etcd import open_etcd
        from microkit.discovery.registry import EtcdResolver

        async with open_etcd(settings) as etcd:
            resolver = EtcdResolver(etcd)
            try:
                yield resolver
            finally:
                await resolver.close()
    else:
        raise ConfigError("DISCOVERY_URL: want static: or etcd://host:port,host:port")


@asynccontextmanager
async def registered(settings: Settings, service: str, port: int) -> AsyncIterator[None]:
    """Tell others where this process serves while the block lasts; nothing where that is fixed."""
    if settings.discovery_url.startswith("static:"):
        yield
        return
    _before_grpc()
    from microkit.discovery.etcd import open_etcd
    from microkit.discovery.registry import Registration

    host = settings.advertise_host or reachable_address(settings.listen_host)
    instance = Instance(host, port, settings.weight)
    async with open_etcd(settings) as etcd, Registration(etcd, service, instance):
        yield


def _before_grpc() -> None:
    """Keep gRPC, which reads this when it is imported, from handling forks.

    Its handlers end a child that is forked while one of its threads is at work, and all that we
    fork only starts another program.
    """
    set_default_environment("GRPC_ENABLE_FORK_SUPPORT", "0")
