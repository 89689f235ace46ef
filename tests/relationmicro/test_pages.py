"""Pages of follows, friends and chats: bounded cost, and no item missed or repeated."""

import asyncio
import itertools
import random

import pytest

from microkit.paging import END, NEWEST
from microkit.storage.redis import open_redis
from relationmicro.dal import keys
from relationmicro.dal.follow import Follows
from relationmicro.dal.message import MAX_BYTES, MAX_MESSAGES, Messages

ANN, BOB = 7, 8
NOW = 1_764_000_000_000_000


@pytest.fixture(params=["one", "cluster"])
def world(request):
    """One Redis or a cluster; no SQL."""
    return request.param


@pytest.fixture
async def redis(settings):
    async with open_redis(settings()) as opened:
        yield opened


@pytest.fixture
def follows(redis):
    return Follows(redis)


@pytest.fixture
def messages(redis):
    return Messages(redis)


async def add(redis, key, scores):
    """Add members with their scores to a sorted set."""
    flat = [part for member, score in scores for part in (score, member)]
    for at in range(0, len(flat), 2000):
        await redis.execute("ZADD", key, *flat[at : at + 2000])


async def scores(redis, key):
    flat = await redis.execute("ZRANGE", key, 0, -1, "WITHSCORES")
    return {int(member): float(score) for member, score in zip(flat[::2], flat[1::2], strict=True)}


async def pages(read, count):
    """Read a list to its end; return its pages."""
    found, cursor = [], NEWEST
    while cursor != END:
        page = await read(cursor, count)
        found.append(list(page.items))
        cursor = page.next_cursor
    return found


def joined(parts):
    return list(itertools.chain.from_iterable(parts))


async def test_a_list_is_read_in_pages_newest_first(follows):
    for target in range(100, 125):
        await follows.follow(ANN, target)
    read = await pages(lambda *part: follows.following(ANN, *part), 10)
    assert joined(read) == list(range(124, 99, -1))
    assert [len(each) for each in read] == [10, 10, 5]


async def test_changes_between_pages_neither_repeat_nor_skip_other_items(follows):
    for target in range(100, 120):
        await follows.follow(ANN, target)
    first = await follows.following(ANN, NEWEST, 10)
    await follows.follow(ANN, 200)
    await follows.unfollow(ANN, 110)  # the last one of the first page
    await follows.unfollow(ANN, 105)
    rest = await follows.following(ANN, first.next_cursor, 10)
    assert rest.items == [109, 108, 107, 106, 104, 103, 102, 101, 100]
    assert rest.next_cursor == END


async def test_scores_are_unique_in_both_lists_of_an_edge(redis, follows):
    await asyncio.gather(*(follows.follow(user, BOB) for user in range(100, 300)))
    await asyncio.gather(*(follows.follow(ANN, target) for target in range(100, 300)))
    followers = await scores(redis, keys.followers(BOB))
    following = await scores(redis, keys.following(ANN))
    assert len(set(followers.values())) == len(set(following.values())) == 200
    if not redis.is_cluster:  # a mirror's score is at least that of the edge
        assert (await scores(redis, keys.following(100)))[BOB] == followers[100]


async def test_a_clock_that_was_set_back_does_not_change_the_order(redis, follows):
    tomorrow = 4 * NOW
    await add(redis, keys.followers(BOB), [(ANN, tomorrow)])
    await follows.follow(100, BOB)
    await follows.follow(101, BOB)
    page = await follows.followers(BOB, NEWEST, 10)
    assert page.items == [101, 100, ANN]


async def test_members_of_equal_score_in_old_data_are_all_listed_once(redis, follows):
    old = [(member, NOW + member // 7) for member in range(100, 200)]
    await add(redis, keys.followers(ANN), old)
    read = await pages(lambda *part: follows.followers(ANN, *part), 10)
    assert sorted(joined(read)) == list(range(100, 200))
    assert max(map(len, read)) < 20


async def befriend(redis, following, followers):
    await add(redis, keys.following(ANN), following.items())
    await add(redis, keys.followers(ANN), followers.items())


def friendships(following, followers):
    """The expected friends, the newest friendship first."""
    both = {each: max(following[each], followers[each]) for each in following.keys() & followers}
    return sorted(both, key=lambda each: (both[each], str(each)), reverse=True)


@pytest.mark.parametrize(("size", "overlap"), [(30, 20), (1500, 1200), (4000, 50)])
@pytest.mark.parametrize("distinct", [True, False], ids=["unique scores", "equal scores"])
async def test_pages_of_friends_match_the_model(redis, follows, size, overlap, distinct):
    chance = random.Random(size)
    times = (
        chance.sample(range(NOW, NOW + 10 * size), 2 * size)
        if distinct
        else chance.choices(range(NOW, NOW + size // 5), k=2 * size)
    )
    both = range(100_000, 100_000 + overlap)

    def side(start):
        members = [*both, *range(start, start + size - overlap)]
        return {member: times.pop() for member in members}

    following, followers = side(200_000), side(300_000)
    await befriend(redis, following, followers)
    read = await pages(lambda *part: follows.friends(ANN, *part), 25)
    expected = friendships(following, followers)
    found = joined(read)
    assert len(found) == len(set(found))
    assert found == expected if distinct else set(found) == set(expected)


async def test_friends_of_two_large_lists_without_a_common_member_come_in_bounded_steps(
    redis, follows
):
    size = 60_000
    following = {member: NOW + 2 * member for member in range(100, size)}
    followers = {member: NOW + 2 * member + 1 for member in range(10**6, 10**6 + size)}
    following[10**6 + 5] = NOW + 1
    await befriend(redis, following, followers)
    first = await follows.friends(ANN, NEWEST, 100)
    assert first.items == []
    assert first.next_cursor > END
    read = await pages(lambda *part: follows.friends(ANN, *part), 100)
    assert joined(read) == [10**6 + 5]
    assert 3 <= len(read) <= 10


async def write(redis, sender, receiver, contents, start=1):
    """Store messages with times start, start + 1, …, as `Messages.send` does."""
    stored = [(f"{at}:{sender}:{text}", at) for at, text in enumerate(contents, start)]
    await add(redis, keys.chat(sender, receiver), stored)


def contents(page):
    return [row.content for row in page.items]


async def test_an_answer_after_many_own_messages_is_not_missed(redis, messages):
    await write(redis, ANN, BOB, ["own"] * 12_000)
    await write(redis, BOB, ANN, ["answer"], start=20_000)
    page = await messages.received(ANN, BOB, 1, MAX_MESSAGES)
    assert contents(page) == ["answer"]
    assert page.next_cursor == END
    assert (await messages.received(ANN, BOB, 20_000, MAX_MESSAGES)).items == []


async def test_a_poll_gives_the_oldest_unread_messages_first_and_continues(redis, messages):
    await write(redis, BOB, ANN, [str(n) for n in range(1, 2501)])
    seen, after = [], 10
    while True:
        page = await messages.received(ANN, BOB, after, MAX_MESSAGES)
        seen += contents(page)
        assert len(page.items) <= MAX_MESSAGES
        if page.next_cursor == END:
            break
        after = page.next_cursor
    assert seen == [str(n) for n in range(11, 2501)]


async def test_a_chat_is_its_newest_messages_and_older_ones_in_pages(redis, messages):
    await write(redis, ANN, BOB, [str(n) for n in range(1, 2501)])
    newest = await messages.between(BOB, ANN, NEWEST, MAX_MESSAGES)
    assert contents(newest) == [str(n) for n in range(1501, 2501)]
    older = await messages.between(BOB, ANN, newest.next_cursor, MAX_MESSAGES)
    assert contents(older) == [str(n) for n in range(501, 1501)]
    oldest = await messages.between(BOB, ANN, older.next_cursor, MAX_MESSAGES)
    assert contents(oldest) == [str(n) for n in range(1, 501)]
    assert oldest.next_cursor == END


async def test_long_messages_are_bounded_in_bytes_and_none_is_lost(redis, messages):
    long = "😀" * 1000
    await write(redis, ANN, BOB, [f"{n} {long}" for n in range(1, 1601)])
    parts = await pages(lambda *part: messages.between(ANN, BOB, *part), MAX_MESSAGES)
    assert all(sum(len(row.content.encode()) for row in part) <= MAX_BYTES for part in parts)
    read = [row.time_ms for part in reversed(parts) for row in part]
    assert read == list(range(1, 1601))
    polled, after = [], 1
    while True:
        page = await messages.received(BOB, ANN, after, MAX_MESSAGES)
        assert sum(len(row.content.encode()) for row in page.items) <= MAX_BYTES
        polled += [row.time_ms for row in page.items]
        if page.next_cursor == END:
            break
        after = page.next_cursor
    assert polled == list(range(2, 1601))
