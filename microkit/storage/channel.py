"""A channel of Redis' publish/subscribe: texts that every process gets which listens right now.

Nothing is stored. What is published while a subscriber reconnects is lost to it, so that readers
must be able to do without: they look again from time to time, and after a reconnection.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from microkit.background import BackgroundTasks
from microkit.errors import Error
from microkit.storage import redis_url
from microkit.storage.redis import Redis
from microkit.storage.settings import RedisSettings

_log = logging.getLogger(__name__)
_RECONNECT_SECONDS: Final = 1.0
_SILENCE_SECONDS: Final = 10.0  # then the connection is tried with a PING
_MESSAGE: Final = b"message"


class Channel:
    """Publishes texts and receives those of all processes, this one's included.

    Args:
        redis: publishes.
        settings: name the server, or the cluster, whose nodes pass published messages on.
        name: of the channel.
        received: called with each text.
        connected: called after each subscription: what came before was missed.
    """

    def __init__(
        self,
        redis: Redis,
        settings: RedisSettings,
        name: str,
        *,
        received: Callable[[str], None],
        connected: Callable[[], None],
    ) -> None:
        self._redis = redis
        self._name = name
        self._received = received
        self._connected = connected
        self._ways = _ways(settings)
        self._tasks = BackgroundTasks()

    def publish(self, text: str) -> None:
        """Publish a text in the background; if Redis fails, nobody gets it."""
        self._tasks.start(self._publish(text))

    async def _publish(self, text: str) -> None:
        try:
            await self._redis.execute("PUBLISH", self._name, text)
        except Error as error:
            _log.debug("channel %s: nothing published: %s", self._name, error.message)

    async def listen(self) -> None:
        """Receive, until cancelled; a lost connection is opened again."""
        failed = False
        while True:
            for connect in self._ways:
                try:
                    await self._subscribe(connect())
                except (RedisError, OSError, EOFError) as error:
                    if not failed:
                        _log.warning("channel %s: not subscribed: %s", self._name, error)
                    failed = True
                else:
                    failed = False
                await asyncio.sleep(_RECONNECT_SECONDS)

    async def _subscribe(self, connection: AbstractConnection) -> None:
        """Receive over one connection until it is silent, even when asked."""
        try:
            await connection.connect()  # type: ignore[no-untyped-call]
            await connection.send_command("SUBSCRIBE", self._name)
            await connection.read_response()
            self._connected()
            silent = 0
            while silent < 2:
                reply = await connection.read_response(timeout=_SILENCE_SECONDS)
                silent = silent + 1 if reply is None else 0
                if silent:
                    await connection.send_command("PING")
                elif isinstance(reply, list) and reply[0] == _MESSAGE:
                    self._received(reply[2].decode())
        finally:
            await connection.disconnect(nowait=True)

    async def close(self) -> None:
        """End what is being published."""
        await self._tasks.close()


def _ways(settings: RedisSettings) -> list[redis_url.Connect]:
    connector = redis_url.Connector(settings.store_timeout_ms / 1e3, settings.redis_ca_file)
    if not redis_url.is_cluster(settings.redis_url):
        return [connector.to(settings.redis_url)]
    cluster = redis_url.cluster(settings.redis_url, connector)
    return [cluster.connect(node) for node in cluster.nodes]
