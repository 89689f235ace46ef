"""Service discovery: fixed addresses or etcd, chosen by `DISCOVERY_URL`."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from microkit.config import ConfigError, Settings, set_default_environment
from microkit.network import reachable_address


@dataclass(frozen=True, slots=True)
class Instance:
    """One running process of a service, at a host and port or (`path`) at a Unix socket."""

    host: str
    port: int
    weight: int = 10
    path: str = ""

    def __str__(self) -> str:
        return f"unix:{self.path}" if self.path else f"{self.host}:{self.port}"


class Resolver(Protocol):
    """Finds the instances of services."""

    def cached(self, service: str) -> Sequence[Instance]:
        """Return the instances without I/O; empty until `resolve` has found some."""

    async def resolve(self, service: str) -> Sequence[Instance]:
        """Return the instances of `service`; the last list while the registry is unavailable."""


@asynccontextmanager
async def open_resolver(
    settings: Settings, ports: Mapping[str, int] | None = None
) -> AsyncIterator[Resolver]:
    """Open the resolver that `discovery_url` chooses: fixed addresses or etcd.

    Args:
        settings: `discovery_url` and, for static discovery, `addresses`.
        ports: the services to resolve, with their default ports on this machine; used by static
            discovery only.

    Raises:
        ConfigError: `discovery_url` has an unknown scheme.
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
    """Keep this instance registered while the block runs; no operation with static discovery."""
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
    """Disable gRPC's fork handlers, before gRPC is imported and reads the variable.

    They abort a child that is forked while a gRPC thread runs. Our forks only exec other programs,
    so the handlers are not needed.
    """
    set_default_environment("GRPC_ENABLE_FORK_SUPPORT", "0")
