"""Blocks: on one Redis and on a cluster."""

import asyncio

import pytest
import stores

from idl import relationmicro, usermicro
from microkit.errors import Forbidden, NotFound, ParamError
from relationmicro.dal import block as blocks_dal
from relationmicro.dal import keys

BLOCK, UNBLOCK = 1, 2
FOLLOW, UNFOLLOW = 1, 2


@pytest.fixture
def database_url(request):
    """The services with SQL do not matter."""
    return stores.database(request, "sqlite")


@pytest.fixture(params=["one", "cluster"])
def redis_url(request):
    return stores.redis(request, request.param)


@pytest.fixture
async def people(fleet):
    users = fleet.client("userservice")
    newuser = usermicro.CreateUserInfo
    made = [
        await users.CreateUserMethod(newuser=newuser(name=f"user {i}"), password="x")
        for i in range(4)
    ]
    return [each.user_id for each in made]


@pytest.fixture
async def relations(fleet, people):
    return fleet.client("relationservice")


async def follow(relations, one, other):
    await relations.FollowMethod(my_uid=one, target_uid=other, action_type=FOLLOW)


async def block(relations, one, other, action=BLOCK):
    await relations.BlockMethod(my_uid=one, target_uid=other, action_type=action)


async def apart(relations, viewer, users):
    viewed = [relationmicro.Viewed(viewer=viewer, user_ids=users)]
    answer = await relations.GetFollowInfosMethod(target_uids=users, viewed=viewed)
    return answer.apart[0]


async def blocked(relations, user_id, count=300):
    found, cursor = [], 0
    while True:
        page = await relations.GetBlockedMethod(my_uid=user_id, cursor=cursor, count=count)
        found += page.user_ids
        cursor = page.next_cursor
        if not cursor:
            return found


async def test_a_block_ends_follows_and_keeps_both_from_following_and_writing(relations, people):
    a, b, c, _ = people
    for one, other in ((a, b), (b, a), (c, a)):
        await follow(relations, one, other)
    await asyncio.gather(*(block(relations, a, b) for _ in range(3)))
    info = (await relations.GetFollowInfoMethod(my_uid=c, target_uid=a)).follow_info
    assert (info.follow_count, info.follower_count, info.is_follow) == (0, 1, True)
    for one, other in ((a, b), (b, a)):
        with pytest.raises(Forbidden):
            await follow(relations, one, other)
        with pytest.raises(Forbidden):
            await relations.SendMessageMethod(user_id=one, to_user_id=other, content="x")
        assert await apart(relations, one, [other, c]) == [other]
    assert await apart(relations, c, [a, b]) == []
    assert await apart(relations, 0, [a, b]) == []
    assert not (await relations.GetAllMessageMethod(user_id=a, to_user_id=b)).msg
    await relations.SendMessageMethod(user_id=a, to_user_id=c, content="x")


async def test_a_block_of_each_other_ends_when_both_have_unblocked(relations, people):
    a, b, c, d = people
    await block(relations, a, b)
    await block(relations, b, a)
    await block(relations, a, c)
    await block(relations, a, d)
    assert await blocked(relations, a, count=2) == [d, c, b]
    await asyncio.gather(*(block(relations, a, b, UNBLOCK) for _ in range(3)))
    assert await blocked(relations, a) == [d, c]
    with pytest.raises(Forbidden):
        await follow(relations, a, b)
    await block(relations, b, a, UNBLOCK)
    await follow(relations, a, b)
    await relations.SendMessageMethod(user_id=b, to_user_id=a, content="again")
    assert await apart(relations, b, [a]) == []


async def test_oneself_and_unknown_users_cannot_be_blocked_and_blocks_are_limited(
    relations, people, monkeypatch
):
    a, b, c, d = people
    with pytest.raises(ParamError):
        await block(relations, a, a)
    with pytest.raises(NotFound):
        await block(relations, a, 999)
    with pytest.raises(ParamError):
        await block(relations, a, b, 3)
    monkeypatch.setattr(blocks_dal, "MAX_BLOCKED", 2)
    for other in (b, c, b):
        await block(relations, a, other)
    with pytest.raises(Forbidden, match="最多"):
        await block(relations, a, d)
    assert await apart(relations, d, [a]) == []


async def test_a_follow_that_races_a_block_does_not_survive_it(relations, people):
    a, b, *_ = people
    for _ in range(10):
        await asyncio.gather(
            *(follow(relations, b, a) for _ in range(5)),
            block(relations, a, b),
            return_exceptions=True,
        )
        info = (await relations.GetFollowInfoMethod(my_uid=b, target_uid=a)).follow_info
        assert (info.follower_count, info.is_follow) == (0, False)
        await block(relations, a, b, UNBLOCK)


async def test_racing_blocks_and_unblocks_leave_both_sides_in_agreement(relations, people):
    a, b, *_ = people
    for number in range(10):
        actions = (BLOCK, UNBLOCK) * 4 if number % 2 else (UNBLOCK, BLOCK) * 4
        await asyncio.gather(*(block(relations, a, b, each) for each in actions))
        listed = await blocked(relations, a)
        assert await apart(relations, b, [a]) == ([a] if listed else [])
        assert await apart(relations, a, [b]) == listed


async def test_recount_corrects_what_a_crash_left_of_blocks(relations, people, fleet):
    a, b, c, d = people
    await block(relations, a, b)
    await block(relations, d, a)
    context = fleet.running["relationservice"].context
    redis = await context.redis()
    await redis.execute("DEL", keys.apart(b))  # the block of b is one-sided
    await redis.execute("ZADD", keys.apart(c), 2, a)  # c is not blocked
    assert (await apart(relations, b, [a]), await apart(relations, c, [a])) == ([], [a])
    lines = await fleet.recount("relationservice")
    assert f"user {b}: the block by {a} corrected" in lines
    assert f"user {c}: the block by {a} corrected" in lines
    assert "2 blocks corrected" in lines
    assert (await apart(relations, b, [a]), await apart(relations, c, [a])) == ([a], [])
    assert await apart(relations, a, [b, c, d]) == [b, d]
    assert "0 blocks corrected" in await fleet.recount("relationservice")
