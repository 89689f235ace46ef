"""Channels of Redis: what is published reaches every process that listens, also after a failure."""

import asyncio
from collections.abc import Callable

import pytest
import stores
from fleet import eventually

from microkit.background import running
from microkit.config import Settings
from microkit.storage.channel import Channel
from microkit.storage.pipeline import pack
from microkit.storage.redis import open_redis


@pytest.fixture(params=["one", "cluster"])
def redis_url(request: pytest.FixtureRequest) -> str:
    return stores.redis(request, request.param)


async def test_a_text_reaches_every_listener_also_after_a_lost_connection(
    settings: Callable[..., Settings],
):
    own, heard, connections = settings(), [], []
    async with open_redis(own) as redis:
        channels = [
            Channel(
                redis,
                own,
                "test",
                received=lambda text, n=n: heard.append((n, text)),
                connected=lambda: connections.append(1),
            )
            for n in range(2)
        ]
        async with running(channels[0].listen()), running(channels[1].listen()):
            await eventually(lambda: len(connections) == 2)
            channels[0].publish("hello 你好")
            await eventually(lambda: len(heard) == 2)
            assert sorted(heard) == [(0, "hello 你好"), (1, "hello 你好")]

            await asyncio.gather(*(kill(each) for each in redis._servers.masters()))
            await eventually(lambda: len(connections) == 4)
            channels[1].publish("again")
            await eventually(lambda: len(heard) == 4)
        for each in channels:
            await each.close()


async def kill(send) -> None:
    """End all subscriptions of a server."""
    await send(pack(("CLIENT", "KILL", "TYPE", "pubsub")))
