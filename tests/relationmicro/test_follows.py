"""The behaviour of RelationService."""

import asyncio
import itertools

import pytest

from idl import relationmicro, usermicro
from microkit.errors import Error, NotFound, ParamError
from relationmicro.dal import keys

FOLLOW, UNFOLLOW = 1, 2


@pytest.fixture
async def people(fleet):
    """Five accounts."""
    users = fleet.client("userservice")
    newuser = usermicro.CreateUserInfo
    answers = [
        await users.CreateUserMethod(newuser=newuser(name=f"user {i}"), password="x")
        for i in range(5)
    ]
    return [answer.user_id for answer in answers]


@pytest.fixture
async def relations(fleet, people):
    return fleet.client("relationservice")


async def follow(relations, one, other, action=FOLLOW):
    await relations.FollowMethod(my_uid=one, target_uid=other, action_type=action)


async def info(relations, target, viewer=None):
    answer = await relations.GetFollowInfoMethod(my_uid=viewer, target_uid=target)
    known = answer.follow_info
    return known.follow_count, known.follower_count, known.is_follow


async def test_follow_and_unfollow_are_idempotent(relations, people):
    a, b, *_ = people
    await asyncio.gather(*(follow(relations, a, b) for _ in range(5)))
    assert await info(relations, a) == (1, 0, False)
    assert await info(relations, b, viewer=a) == (0, 1, True)
    await asyncio.gather(*(follow(relations, a, b, UNFOLLOW) for _ in range(5)))
    assert await info(relations, a) == await info(relations, b, viewer=a) == (0, 0, False)


async def test_following_oneself_or_an_unknown_user_is_refused(relations, people):
    with pytest.raises(ParamError):
        await follow(relations, people[0], people[0])
    for pair in ((people[0], 999), (999, people[0]), (people[0], 0), (people[0], -5)):
        for action in (FOLLOW, UNFOLLOW):
            with pytest.raises(Error, match="不存在"):
                await follow(relations, *pair, action)
    with pytest.raises(ParamError):
        await follow(relations, people[0], people[1], 3)
    assert await info(relations, people[0]) == (0, 0, False)


async def test_lists_are_newest_first_with_all_fields(relations, people):
    a, b, c, d, _ = people
    for target in (b, c, d):
        await follow(relations, a, target)
    await follow(relations, d, b)
    followed = (await relations.GetFollowListMethod(myId=d, targetId=a)).userList
    assert [user.id for user in followed] == [d, c, b]
    assert [user.is_follow for user in followed] == [False, False, True]
    assert (followed[2].name, followed[2].follower_count) == ("user 1", 2)
    assert followed[2].avatar
    followers = (await relations.GetFollowerListMethod(targetId=b)).user_list
    assert [user.id for user in followers] == [d, a]
    assert not any(user.is_follow for user in followers)


async def test_lists_of_ids_call_no_other_service(relations, people, fleet):
    a, b, *_ = people
    await follow(relations, a, b)
    await fleet.stop("userservice")
    answer = await relations.GetFollowListMethod(myId=a, targetId=a, ids_only=True)
    assert (answer.userList, answer.user_ids) == ([], [b])
    answer = await relations.GetFollowerListMethod(myId=b, targetId=b, ids_only=True)
    assert (answer.user_list, answer.user_ids) == ([], [a])
    with pytest.raises(Error):
        await relations.GetFollowListMethod(myId=a, targetId=a)


async def test_one_call_answers_for_many_viewers(relations, people):
    a, b, c, *_ = people
    await follow(relations, a, b)
    await follow(relations, b, c)
    viewed = [
        relationmicro.Viewed(viewer=a, user_ids=[b, c]),
        relationmicro.Viewed(viewer=b, user_ids=[a, b, c]),
        relationmicro.Viewed(viewer=0, user_ids=[b]),
        relationmicro.Viewed(viewer=c, user_ids=[]),
    ]
    answer = await relations.GetFollowInfosMethod(target_uids=[a, b], viewed=viewed)
    assert answer.followed == [[b], [c], [], []]
    counts = {n: (i.follow_count, i.follower_count) for n, i in answer.follow_info_map.items()}
    assert counts == {a: (1, 0), b: (1, 1)}
    columns = await relations.GetFollowInfosMethod(
        target_uids=[b, 999, a, b], viewed=viewed, columns=True
    )
    assert columns.follow_info_map is None
    assert columns.followed == answer.followed
    assert (columns.follow_counts, columns.follower_counts) == ([1, 0, 1], [1, 0, 0])
    nobody = await relations.GetFollowInfosMethod(target_uids=[], columns=True)
    assert (nobody.follow_counts, nobody.follower_counts, nobody.followed) == ([], [], [])


async def test_one_call_reads_pages_of_several_lists(relations, people):
    a, b, c, *_ = people
    for who, whom in ((a, b), (a, c), (b, c)):
        await follow(relations, who, whom)
    key = relationmicro.PageKey
    answer = await relations.GetFollowPagesMethod(
        following=[key(user_id=a, count=1), key(user_id=c)],
        followers=[key(user_id=c), key(user_id=a, count=300)],
    )
    assert answer.pages == [[c], [], [b, a], []]
    assert answer.next_cursors[1:] == [0, 0, 0]
    rest = key(user_id=a, cursor=answer.next_cursors[0])
    answer = await relations.GetFollowPagesMethod(following=[rest], followers=[])
    assert (answer.pages, answer.next_cursors) == ([[b]], [0])
    with pytest.raises(ParamError):
        await relations.GetFollowPagesMethod(following=[rest] * 5, followers=[rest] * 4)


async def test_friends_follow_each_other_and_have_the_newest_message(relations, people, fleet):
    a, b, c, d, _ = people
    messages = fleet.client("relationservice")
    for one, other in itertools.permutations((a, b, c), 2):
        await follow(relations, one, other)
    await follow(relations, a, d)
    await messages.SendMessageMethod(user_id=a, to_user_id=b, content="first")
    await messages.SendMessageMethod(user_id=b, to_user_id=a, content="second: 你好")
    friends = (await relations.GetFriendListMethod(myUid=a, targetUid=a)).friend_list
    known = {friend.id: (friend.message, friend.msg_type) for friend in friends}
    assert known == {b: ("second: 你好", 0), c: ("", 0)}
    (friend,) = [
        each
        for each in (await relations.GetFriendListMethod(myUid=b, targetUid=b)).friend_list
        if each.id == a
    ]
    assert (friend.message, friend.msg_type) == ("second: 你好", 1)
    assert [friend.id for friend in friends] == [c, b], "the newest friendship first"


async def test_is_follow_is_returned_for_every_requested_user(relations, people):
    a, b, c, *_ = people
    await follow(relations, a, b)
    answer = await relations.GetIsFollowsMethod(myUid=a, userIds=[b, c, 999, b])
    assert answer.is_follow_map == {b: True, c: False, 999: False}
    assert (await relations.GetIsFollowsMethod(myUid=a, userIds=[])).is_follow_map == {}


async def test_infos_are_returned_for_every_id(relations, people):
    a, b, *_ = people
    await follow(relations, a, b)
    infos = (
        await relations.GetFollowInfosMethod(my_uid=a, target_uids=[a, b, 999])
    ).follow_info_map
    assert {k: (i.follow_count, i.follower_count, i.is_follow) for k, i in infos.items()} == {
        a: (1, 0, False),
        b: (0, 1, True),
        999: (0, 0, False),
    }


async def test_recount_repairs_followers_from_following(relations, people, fleet):
    a, b, c, *_ = people
    await follow(relations, a, b)
    context = fleet.running["relationservice"].context
    redis = await context.redis()
    await redis.execute("ZREM", keys.followers(b), a)
    await redis.execute("ZADD", keys.followers(b), 5, c)
    lines = await fleet.recount("relationservice")
    assert set(lines) == {
        "0 conversations added",
        "0 blocks corrected",
        "2 follows repaired",
        f"user {b}: follower {a} added",
        f"user {b}: follower {c} removed",
    }
    assert len(lines) == 5
    assert await info(relations, b) == (0, 1, False)
    repeated = await fleet.recount("relationservice")
    assert repeated == ["0 follows repaired", "0 conversations added", "0 blocks corrected"]


async def test_a_cached_user_needs_no_userservice(relations, people, fleet):
    a, b, c, *_ = people
    await follow(relations, a, b)
    await fleet.stop("userservice")
    await follow(relations, b, a)
    with pytest.raises(Error):
        await follow(relations, a, c)
    assert await info(relations, a) == (1, 1, False)


async def test_an_unknown_user_is_reported_as_not_found(relations, people):
    # The relation convention has no code for it, only the text.
    with pytest.raises(Error) as refused:
        await follow(relations, people[0], 999)
    assert refused.value.message == NotFound("用户不存在").message
