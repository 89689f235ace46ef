"""The value of `REDIS_URL`."""

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.driver_info import DriverInfo

from microkit.config import ConfigError
from microkit.storage.link import CONNECT_SECONDS
from microkit.storage.slots import NodeAddress
from microkit.storage.url import split, trust

Connect = Callable[[], AbstractConnection]
"""Makes an unconnected connection."""

_INVALID: Final = (
    "REDIS_URL: want redis://host:port/number, rediss://…, unix:///socket,"
    " redis+cluster://host:port,host:port or rediss+cluster://…"
)
# Checked here, because redis-py uses database 0 if the path is not a number.
_ONE: Final = re.compile(r"unix:///.|rediss?://([^/]*@)?(\[[^/@\]]+\]|[^/@:]+)(:\d+)?(/\d*)?(\?|$)")
_CLUSTER: Final = re.compile(
    r"(?P<scheme>rediss?)\+cluster://(?P<user>[^/?@]*@)?(?P<nodes>[^/?@]+)(?P<rest>/?(\?.*)?)"
)
_NODE: Final = re.compile(r"\[?(?P<host>[^\[\]]+?)\]?:(?P<port>\d+)")


_DRIVER: Final = DriverInfo()  # redis-py looks its version up for each connection, for 3 ms


class Connector(NamedTuple):
    """How to connect to any server: the time limit in seconds, and the authority for TLS."""

    timeout: float
    ca_file: str

    def to(self, url: str) -> Connect:
        """Return how to connect to the server at a URL.

        Raises:
            ConfigError: the URL or the authority is invalid.
        """
        parts = split(url, _INVALID)
        if not _ONE.match(url):
            raise ConfigError(_INVALID)
        tls: dict[str, Any] = {}
        if parts.scheme == "rediss":
            trust("REDIS_CA_FILE", self.ca_file)  # redis-py reads the file at each connect
            tls["ssl_ca_certs"] = self.ca_file or None
        try:
            pool = ConnectionPool.from_url(
                url,
                protocol=2,
                socket_timeout=self.timeout,
                socket_connect_timeout=min(self.timeout, CONNECT_SECONDS),
                retry=Retry(NoBackoff(), 0),
                driver_info=_DRIVER,
                **tls,
            )
            pool.make_connection()  # type: ignore[no-untyped-call] # validates the URL's options
        except (ValueError, TypeError):
            raise ConfigError(_INVALID) from None
        return pool.make_connection


class ClusterUrl(NamedTuple):
    """The first nodes of a cluster, and what the URLs of all its nodes have in common."""

    scheme: str
    user: str
    rest: str
    nodes: list[NodeAddress]
    connector: Connector

    def connect(self, node: NodeAddress) -> Connect:
        """Return how to connect to a node."""
        host = f"[{node.host}]" if ":" in node.host else node.host
        return self.connector.to(f"{self.scheme}://{self.user}{host}:{node.port}{self.rest}")


def is_cluster(url: str) -> bool:
    """Return whether a URL is that of a cluster."""
    return url.partition("://")[0].endswith("+cluster")


def cluster(url: str, connector: Connector) -> ClusterUrl:
    """Parse the URL of a cluster.

    Raises:
        ConfigError: it is invalid.
    """
    match = _CLUSTER.fullmatch(url)
    if match is None:
        raise ConfigError(_INVALID)
    nodes = [_NODE.fullmatch(node) for node in match["nodes"].split(",")]
    addresses = [NodeAddress(node["host"], int(node["port"])) for node in nodes if node]
    if len(addresses) < len(nodes):
        raise ConfigError(_INVALID)
    parsed = ClusterUrl(match["scheme"], match["user"] or "", match["rest"], addresses, connector)
    for address in addresses:
        parsed.connect(address)
    return parsed
