"""Moving from one Redis to a cluster."""

import asyncio

import pytest
import stores

import favoritemicro
import relationmicro
from favoritemicro.dal.favorite import Favorites
from microkit.config import ConfigError
from microkit.context import open_context
from microkit.errors import Unavailable
from microkit.paging import NEWEST
from microkit.storage.redis import open_redis
from relationmicro.dal import keys
from relationmicro.dal.follow import Follows
from relationmicro.dal.message import MAX_MESSAGES, Messages

PEOPLE = range(1, 16)
VIDEOS = {video: 70 + video % 3 for video in range(1000, 1020)}


@pytest.fixture
def one_redis(request):
    """The URL of an empty Redis."""
    return stores.redis(request, "one")


async def fill(redis):
    follows, favorites, messages = Follows(redis), Favorites(redis), Messages(redis)
    for person in PEOPLE:
        await asyncio.gather(
            *(follows.follow(person, 1 + (person + step) % len(PEOPLE)) for step in (1, 5, 9)),
            *(
                favorites.like(person, video, author)
                for video, author in VIDEOS.items()
                if (person + video) % 3
            ),
            messages.send(person, person + 1, f"你好 {person}"),
        )


async def state(redis):
    """All lists and counts."""
    follows, favorites, messages = Follows(redis), Favorites(redis), Messages(redis)
    found = []
    for person in PEOPLE:
        found += [
            await follows.following(person, NEWEST, 100),
            await follows.followers(person, NEWEST, 100),
            await favorites.given_by(person, NEWEST, 100),
            await messages.between(person, person + 1, NEWEST, MAX_MESSAGES),
        ]
    everyone = [*PEOPLE, *VIDEOS.values()]
    found.append(await follows.counts(everyone))
    found.append(await favorites.user_counts(everyone))
    return [*found, await favorites.video_counts(VIDEOS)]


async def copied(service, settings):
    async with open_context(service, settings) as context:
        return [line async for line in service.module("copy").copy(context)]


async def test_a_cluster_has_all_data_of_the_redis_that_was_copied(settings, one_redis):
    own = settings(redis_source_url=one_redis)
    async with open_redis(settings(redis_url=one_redis)) as redis:
        await fill(redis)
        before = await state(redis)
    lines = await copied(relationmicro.SERVICE, own)
    assert lines[0].endswith("keys copied")
    assert lines[1:] == [
        "0 keys differ",
        "0 follows repaired",
        "0 conversations added",
        "0 blocks corrected",
    ]
    lines = await copied(favoritemicro.SERVICE, own)
    assert lines[1:] == ["0 keys differ", "0 counts repaired"]
    async with open_redis(own) as redis:
        assert await state(redis) == before
        favorites, follows = Favorites(redis), Follows(redis)
        received = (await favorites.user_counts([VIDEOS[1000]]))[VIDEOS[1000]].received
        assert await favorites.unlike(1, 1000, VIDEOS[1000])
        counts = await favorites.user_counts([VIDEOS[1000]])
        assert counts[VIDEOS[1000]].received == received - 1
        assert await follows.unfollow(1, 3)
        assert 1 not in (await follows.followers(3, NEWEST, 100)).items


async def test_a_cluster_with_data_is_not_overwritten(settings, one_redis):
    own = settings(redis_source_url=one_redis)
    async with open_redis(own) as redis:
        await Follows(redis).follow(1, 2)
    with pytest.raises(ConfigError, match="empty"):
        await copied(relationmicro.SERVICE, own)
    for wrong in (settings(), settings(redis_url=one_redis, redis_source_url=one_redis)):
        with pytest.raises(ConfigError):
            await copied(relationmicro.SERVICE, wrong)


async def test_copying_repairs_and_names_what_was_wrong(settings, one_redis):
    async with open_redis(settings(redis_url=one_redis)) as redis:
        await fill(redis)
        await redis.execute("ZREM", keys.followers(3), 1)
    lines = await copied(relationmicro.SERVICE, settings(redis_source_url=one_redis))
    assert lines[1:] == [
        "0 keys differ",
        "user 3: follower 1 added",
        "1 follows repaired",
        "0 conversations added",
        "0 blocks corrected",
    ]


@pytest.mark.parametrize("kind", ["one", "cluster"])
async def test_a_read_only_service_answers_reads_and_refuses_writes(settings, request, kind):
    url = stores.redis(request, kind)
    async with open_redis(settings(redis_url=url)) as redis:
        await Follows(redis).follow(1, 2)
    async with open_redis(settings(redis_url=url, redis_read_only=True)) as redis:
        follows, favorites = Follows(redis), Favorites(redis)
        for write in (
            follows.follow(2, 1),
            follows.unfollow(1, 2),
            favorites.like(1, 5, 6),
            favorites.unlike(1, 5, 6),
            Messages(redis).send(1, 2, "x"),
        ):
            with pytest.raises(Unavailable, match="维护"):
                await write
        assert (await follows.following(1, NEWEST, 10)).items == [2]
