"""Follows and likes on a cluster: mirrors equal edges, whatever crosses or is interrupted."""

import asyncio
import random
from collections import Counter

import pytest
from cluster.conftest import Edges, followed, following, given, liked
from fleet import eventually
from hypothesis import given as for_all
from hypothesis import settings as examples
from hypothesis import strategies as st

from favoritemicro.dal import keys as favorite_keys
from favoritemicro.dal import mirrored as likes
from favoritemicro.dal.favorite import Favorites
from favoritemicro.dal.repair import repair as recount_likes
from microkit.background import running
from microkit.storage.redis import open_redis
from relationmicro.dal import keys
from relationmicro.dal import mirrored as edges_of
from relationmicro.dal.follow import FollowCounts, Follows

PEOPLE = [1, 2, 3, 1025]  # the last one shares the lane of the first
VIDEOS = {10: 1, 11: 2, 1034: 2}  # with their authors; the first and last share a lane
CLIENTS = 4


async def check(edges: Edges, people: list[int], videos: dict[int, int]) -> None:
    """Check that mirrors equal edges and counts equal both."""
    truth = await following(edges.redis, people)
    assert await followed(edges.redis, people) == truth
    counts = await edges.follows.counts(people)
    sent, got = Counter(one for one, _ in truth), Counter(other for _, other in truth)
    assert counts == {each: FollowCounts(sent[each], got[each]) for each in people}
    truth = await given(edges.redis, people)
    assert await liked(edges.redis, list(videos)) == truth
    likers = Counter(video for _, video in truth)
    assert await edges.favorites.video_counts(videos) == {each: likers[each] for each in videos}
    received = Counter(videos[video] for _, video in truth)
    authors = set(videos.values())
    found = await edges.favorites.user_counts(authors)
    assert {each: found[each].received for each in authors} == {
        each: received[each] for each in authors
    }


PAIRS = [(one, other) for one in PEOPLE for other in PEOPLE if one != other]
FOLLOWS = st.tuples(st.sampled_from(["follow", "unfollow"]), st.sampled_from(PAIRS))
LIKES = st.tuples(
    st.sampled_from(["like", "unlike"]),
    st.tuples(st.sampled_from(PEOPLE), st.sampled_from(sorted(VIDEOS))),
)
SCRIPTS = st.lists(
    st.lists(st.one_of(FOLLOWS, LIKES), max_size=12), min_size=CLIENTS, max_size=CLIENTS
)


async def act(edges: Edges, action: str, one: int, other: int) -> None:
    if action in ("like", "unlike"):
        await getattr(edges.favorites, action)(one, other, VIDEOS[other])
        seen = (await edges.favorites.is_favorite(one, [other]))[other]
    else:
        await getattr(edges.follows, action)(one, other)
        seen = (await edges.follows.is_following(one, [other]))[other]
    assert seen in (True, False)


def test_mirrors_equal_edges_whatever_many_clients_do_at_once(settings):
    own = settings()
    last: dict[tuple, set[bool]] = {}

    async def run(scripts):
        clients = [open_redis(own) for _ in range(CLIENTS)]
        opened = [await client.__aenter__() for client in clients]
        made = [Edges(redis, Follows(redis), Favorites(redis)) for redis in opened]

        async def play(edges, script):
            for action, pair in script:
                await act(edges, action, *pair)

        await asyncio.gather(*(play(*each) for each in zip(made, scripts, strict=True)))
        await check(made[0], PEOPLE, VIDEOS)
        truth = await following(opened[0], PEOPLE) | await given(opened[0], PEOPLE)
        for pair, states in expected(scripts).items():
            assert (pair in truth) in states
        for client in clients:
            await client.__aexit__(None, None, None)

    def expected(scripts):
        """The states in which a pair may end: after the last action of one of its clients."""
        last.clear()
        for script in scripts:
            final = {pair: action in ("follow", "like") for action, pair in script}
            for pair, state in final.items():
                last.setdefault(pair, set()).add(state)
        return last

    @examples(max_examples=12)
    @for_all(SCRIPTS)
    def crossing(scripts):
        asyncio.run(run(scripts))

    crossing()


STEPS = st.lists(st.tuples(st.booleans(), st.sampled_from(PAIRS[:4])), max_size=12)


def test_mirrors_equal_edges_in_whatever_order_they_are_made(settings):
    """Each change of the truth is mirrored later, in any order, some of them twice."""
    own = settings()

    async def run(steps, order):
        async with open_redis(own) as redis:
            edges, likes_made, follows_made = Edges(redis, Follows(redis), Favorites(redis)), [], []
            for wanted, (one, other) in steps:
                edge, like = edges_of._Edge(one, other), likes._Like(one, 10, 1)
                follow = edges_of._FOLLOW if wanted else edges_of._UNFOLLOW
                _, version = await redis.run(follow, edge.truth(), edge)
                follows_made.append((edge, int(version or 0), version if wanted else ""))
                change = likes._LIKE if wanted else likes._UNLIKE
                _, version = await redis.run(change, like.truth(), like)
                likes_made.append((like, int(version or 0), int(wanted)))
            order.shuffle(likes_made)
            order.shuffle(follows_made)
            for made in (follows_made * 2)[: len(steps) * 3 // 2]:
                if made[1]:
                    await edges.follows._edges._mirror(*made)
            for made in (likes_made * 2)[: len(steps) * 3 // 2]:
                if made[1]:
                    await edges.favorites._likes._mirror(*made)
            await check(edges, PEOPLE, VIDEOS)

    @examples(max_examples=20)
    @for_all(STEPS, st.randoms(use_true_random=False))
    def crossing(steps, order):
        asyncio.run(run(steps, order))

    crossing()


async def test_a_storm_of_crossing_changes_of_one_edge_ends_in_one_state(edges):
    async def flip(client):
        for _ in range(15):
            await act(edges, random.choice(["follow", "unfollow"]), 1, 2)
            await act(edges, random.choice(["like", "unlike"]), client, 10)

    await asyncio.gather(*(flip(client) for client in [*PEOPLE, *PEOPLE]))
    await check(edges, PEOPLE, VIDEOS)


async def test_an_acknowledged_write_is_seen_on_both_sides_at_once(edges, settings):
    async with open_redis(settings()) as other:
        follows, favorites = Follows(other), Favorites(other)
        for target in range(2, 40):
            assert await edges.follows.follow(1, target)
            assert (await follows.followers(target, 2**62, 10)).items == [1]
            assert (await follows.counts([1]))[1].following == target - 1
            assert await edges.favorites.like(target, 10, 7)
            assert (await favorites.video_counts([10]))[10] == target - 1
            assert (await favorites.user_counts([7]))[7].received == target - 1


async def test_a_repeated_write_completes_what_was_interrupted(edges):
    edge = edges_of._Edge(1, 2)
    assert (await edges.redis.run(edges_of._FOLLOW, edge.truth(), edge))[0] == 1
    assert await followed(edges.redis, PEOPLE) == set()
    assert not await edges.follows.follow(1, 2), "it is not new"
    assert await followed(edges.redis, PEOPLE) == {(1, 2)}
    like = likes._Like(1, 10, 7)
    await edges.redis.run(likes._LIKE, like.truth(), like)
    assert not await edges.favorites.like(1, 10, 7)
    assert await liked(edges.redis, [10]) == {(1, 10)}
    assert (await edges.favorites.user_counts([7]))[7].received == 1


async def test_what_a_crash_interrupted_is_completed(edges):
    """A crash after each of the steps of a follow, an unfollow, a like and an unlike."""
    await edges.follows.follow(3, 2)
    await edges.favorites.like(3, 11, 2)
    for script, edge in (
        (edges_of._FOLLOW, edges_of._Edge(1, 2)),
        (edges_of._UNFOLLOW, edges_of._Edge(3, 2)),
        (likes._LIKE, likes._Like(1, 10, 1)),
        (likes._UNLIKE, likes._Like(3, 11, 2)),
    ):
        await edges.redis.run(script, edge.truth(), edge)
    half = likes._Like(2, 1034, 2)
    _, version = await edges.redis.run(likes._LIKE, half.truth(), half)
    await edges.redis.run(likes._MIRROR, half.mirror(), [*half, version, 1])
    with pytest.raises(AssertionError):
        await check(edges, PEOPLE, VIDEOS)

    async def exact() -> bool:
        try:
            await check(edges, PEOPLE, VIDEOS)
        except AssertionError:
            return False
        logs = [keys.log(1), keys.log(3), *map(favorite_keys.log, (1, 2, 3, 10, 11))]
        return not any([await edges.redis.execute("EXISTS", log) for log in logs])

    async with running(edges.follows.complete()), running(edges.favorites.complete()):
        await eventually(exact)
    assert await following(edges.redis, PEOPLE) == {(1, 2)}
    assert await given(edges.redis, PEOPLE) == {(1, 10), (2, 1034)}


async def test_a_change_that_is_too_late_to_be_ordered_gets_a_new_version(edges):
    """Versions are forgotten after 500 changes of a lane: then the truth is asked again."""
    late = edges_of._Edge(1, 2)
    _, version = await edges.redis.run(edges_of._FOLLOW, late.truth(), late)
    await edges.follows.unfollow(1, 2)
    await asyncio.gather(*(edges.follows.follow(user, 2) for user in range(5000, 5600)))
    assert await edges.redis.execute("ZCARD", keys.applied(2)) == 500
    arguments = [*late, int(version), version]
    change, floor = await edges.redis.run(edges_of._MIRROR, late.mirror(), arguments)
    assert change == 0
    assert int(floor) > int(version)
    assert await edges.follows._edges._mirror(late, int(version), version) == 0
    assert await followed(edges.redis, [2]) == {(user, 2) for user in range(5000, 5600)}
    applied = await edges.redis.execute("ZSCORE", keys.applied(2), "1:2")
    assert int(applied) > int(floor)


async def test_recount_repairs_every_lane_and_says_what_it_found(edges):
    for user in PEOPLE:
        for video, author in VIDEOS.items():
            await edges.favorites.like(user, video, author)
        if user != 2:
            await edges.follows.follow(user, 2)
    redis = edges.redis
    await redis.execute("ZREM", keys.followers(2), 1, 3)
    await redis.execute("ZADD", keys.followers(3), 5, 1025)
    await redis.execute("SREM", favorite_keys.likers(11), 1)
    await redis.execute("DEL", favorite_keys.counted(2))
    found = [each async for each in edges.follows.repair()]
    assert sorted(found) == [(1, 2, 1), (3, 2, 1), (1025, 3, -1)]
    lines = [line async for line in recount_likes(redis)]
    assert lines[0] == "video 11: liker 1 added"
    assert lines[-1].startswith("user 2: likes received")
    await check(edges, PEOPLE, VIDEOS)
    assert [each async for each in edges.follows.repair()] == []
    assert [line async for line in recount_likes(redis)] == []
