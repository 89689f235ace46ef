"""A Redis Cluster of their own for the tests that stop its nodes, and the dals on it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

import pytest
import stores

from favoritemicro.dal import keys as favorite_keys
from favoritemicro.dal.favorite import Favorites
from microkit.config import Settings
from microkit.storage.redis import Redis, open_redis
from relationmicro.dal import keys as relation_keys
from relationmicro.dal.follow import Follows
from scripts.redis_cluster import RedisCluster, redis_cluster


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[RedisCluster]:
    """A cluster whose nodes tests may stop."""
    with redis_cluster() as made:
        yield made


@pytest.fixture
def cluster(own_cluster: RedisCluster) -> RedisCluster:
    """That cluster, whole and empty."""
    own_cluster.wait_until_whole()
    own_cluster.empty()
    return own_cluster


@pytest.fixture
def redis_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty cluster whose nodes all run."""
    return stores.redis(request, "cluster")


@dataclass
class Edges:
    """The follows and likes of one service replica."""

    redis: Redis
    follows: Follows
    favorites: Favorites


@pytest.fixture
async def edges(settings: Callable[..., Settings]) -> AsyncIterator[Edges]:
    async with open_redis(settings()) as redis:
        yield Edges(redis, Follows(redis), Favorites(redis))


async def following(redis: Redis, people: list[int]) -> set[tuple[int, int]]:
    """All follows by the people."""
    return await _members(redis, [relation_keys.following(each) for each in people], people)


async def followed(redis: Redis, people: list[int]) -> set[tuple[int, int]]:
    """All follows by the mirrors: those of which the people are the targets."""
    found = await _members(redis, [relation_keys.followers(each) for each in people], people)
    return {(follower, target) for target, follower in found}


async def given(redis: Redis, people: list[int]) -> set[tuple[int, int]]:
    """All likes (user, video) by the people."""
    return await _members(redis, [favorite_keys.given(each) for each in people], people)


async def liked(redis: Redis, videos: list[int]) -> set[tuple[int, int]]:
    """All likes (user, video) by the mirrors: those of the videos."""
    replies = await asyncio.gather(
        *(redis.execute("SMEMBERS", favorite_keys.likers(video)) for video in videos)
    )
    return {
        (int(user), video) for video, users in zip(videos, replies, strict=True) for user in users
    }


async def _members(redis: Redis, keys: list[str], owners: list[int]) -> set[tuple[int, int]]:
    replies = await asyncio.gather(*(redis.execute("ZRANGE", key, 0, -1) for key in keys))
    return {
        (owner, int(member))
        for owner, members in zip(owners, replies, strict=True)
        for member in members
    }
