"""A client of an etcd cluster: requests fail over to the next endpoint."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import unquote, urlsplit

import aetcd
import grpc
from aetcd import rpc
from aetcd.exceptions import ClientError
from aetcd.watcher import Watcher

from microkit.config import ConfigError, Settings
from microkit.errors import Unavailable

_log = logging.getLogger(__name__)
T = TypeVar("T")

_SECONDS: Final = 3
_PORT: Final = 2379
_OPTIONS: Final = {
    # By default gRPC waits up to two minutes between attempts to reconnect.
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1000,
    # gRPC also uses this as the connect timeout.
    "grpc.min_reconnect_backoff_ms": 1000,
    # By default clients share connections: a new client would reuse the dead connection.
    "grpc.use_local_subchannel_pool": 1,
    # Keepalive pings detect a peer that vanished without closing the connection.
    "grpc.keepalive_time_ms": 10_000,
    "grpc.keepalive_timeout_ms": 3000,
    "grpc.http2.max_pings_without_data": 0,
}

FAILURES: Final = (ClientError, grpc.RpcError, grpc.aio.BaseError, OSError, TimeoutError)


class Etcd:
    """Sends requests to one endpoint, and to the next one when it fails."""

    def __init__(self, settings: Settings) -> None:
        url = urlsplit(settings.discovery_url)
        self._user = unquote(url.username) if url.username else None
        self._password = unquote(url.password) if url.password else None
        if self._user and not self._password:
            raise ConfigError("DISCOVERY_URL: want etcd://user:password@host:port")
        self._endpoints = [_endpoint(text) for text in url.netloc.rpartition("@")[2].split(",")]
        self._credentials = _credentials(settings) if url.scheme == "etcds" else None
        self._client: aetcd.Client | None = None
        self._reachable = True

    async def ask(self, work: Callable[[aetcd.Client], Awaitable[T]]) -> T:
        """Run `work` on each endpoint in turn until one replies within three seconds.

        Raises:
            Unavailable: no endpoint replied.
        """
        for _ in self._endpoints:
            client = self._client or self.connect()
            self._client = client
            try:
                async with asyncio.timeout(_SECONDS):
                    answer = await work(client)
            except (*FAILURES, asyncio.CancelledError) as error:
                # gRPC cancels a call if another call closed its channel: only a cancellation of our
                # own task is passed on.
                if isinstance(error, asyncio.CancelledError) and _cancelled():
                    raise
                self._log_outage(error)
                await self._drop(client)
            else:
                self._reachable = True
                return answer
        raise Unavailable("服务发现暂不可用")

    def connect(self) -> aetcd.Client:
        """Return a new client of the current endpoint."""
        host, port = self._endpoints[0]
        return _Client(self._credentials, host, port, self._user, self._password)

    async def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            await self._drop(self._client)

    async def _drop(self, client: aetcd.Client) -> None:
        if self._client is client:
            self._client = None
            self._endpoints.append(self._endpoints.pop(0))
        await client.close()

    def _log_outage(self, error: BaseException) -> None:
        """Log the start of an outage once, not on every request."""
        if self._reachable:
            _log.warning("etcd is unavailable: %s", error or type(error).__name__)
        self._reachable = False


class _Client(aetcd.Client):  # type: ignore[misc]
    """aetcd's client, with TLS if there are credentials."""

    def __init__(
        self,
        credentials: grpc.ChannelCredentials | None,
        host: str,
        port: int,
        user: str | None,
        password: str | None,
    ) -> None:
        super().__init__(host, port, user, password, timeout=_SECONDS, options=_OPTIONS)
        self._credentials = credentials

    async def connect(self) -> None:
        """Open the channel, once."""
        if self._credentials is None:
            await super().connect()
        elif not self._connected.is_set():
            await self._connect_with_tls(self._credentials)

    async def _connect_with_tls(self, credentials: grpc.ChannelCredentials) -> None:
        target, options = f"{self._host}:{self._port}", self._options.items()
        self.channel = rpc.secure_channel(target, credentials, options=options)
        if self._username is not None:
            request = rpc.AuthenticateRequest(name=self._username, password=self._password)
            answer = await rpc.AuthStub(self.channel).Authenticate(request, timeout=_SECONDS)
            self.metadata = (("token", answer.token),)
        self.kvstub = rpc.KVStub(self.channel)
        self.leasestub = rpc.LeaseStub(self.channel)
        self._watcher = Watcher(rpc.WatchStub(self.channel), _SECONDS, self.metadata)
        self._connected.set()


@asynccontextmanager
async def open_etcd(settings: Settings) -> AsyncIterator[Etcd]:
    """Open a client of ``etcd://[user:password@]host:port[,host:port]`` (etcds:// for TLS).

    Raises:
        ConfigError: an endpoint or a certificate is invalid.
    """
    etcd = Etcd(settings)
    try:
        yield etcd
    finally:
        await etcd.close()


def _cancelled() -> bool:
    """Return whether the current task itself is being cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _endpoint(text: str) -> tuple[str, int]:
    host, _, port = text.strip().rpartition(":")
    if not host:
        host, port = port, str(_PORT)
    if not host or not port.isdecimal():
        raise ConfigError(f"DISCOVERY_URL: endpoint {text!r}: want host:port")
    return host, int(port)


def _credentials(settings: Settings) -> grpc.ChannelCredentials:
    def read(path: str) -> bytes | None:
        return Path(path).read_bytes() if path else None

    try:
        return grpc.ssl_channel_credentials(
            read(settings.discovery_ca_file),
            read(settings.discovery_key_file),
            read(settings.discovery_cert_file),
        )
    except OSError as error:
        raise ConfigError(f"DISCOVERY_…_FILE: {error}") from error
