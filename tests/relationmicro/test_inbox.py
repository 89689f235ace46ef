"""Inboxes: conversations with anybody, newest first, and what is unread in them."""

import asyncio

import pytest
from fleet import eventually, store_calls

from idl import usermicro
from microkit.background import running
from microkit.storage.redis import open_redis
from relationmicro.dal import delivery, keys
from relationmicro.dal.inbox import Inboxes
from relationmicro.dal.message import Messages


@pytest.fixture
async def people(fleet):
    """Four people; those of odd and even numbers are on different lanes."""
    users = fleet.client("userservice")
    newuser = usermicro.CreateUserInfo
    return [
        (await users.CreateUserMethod(newuser=newuser(name=f"p{n}"), password="x")).user_id
        for n in range(4)
    ]


@pytest.fixture
async def service(fleet, people):
    return fleet.client("relationservice")


async def inbox(service, user_id, **page):
    answer = await service.GetInboxMethod(user_id=user_id, **page)
    found = [(c.user_id, c.message.content, c.unread) for c in answer.conversations or ()]
    return found, answer.next_cursor


async def test_an_inbox_has_every_conversation_newest_first_with_what_is_unread(service, people):
    me, *others = people

    async def send(one, other, content):
        sent = await service.SendMessageMethod(user_id=one, to_user_id=other, content=content)
        await asyncio.sleep(0.002)  # conversations are ordered by milliseconds
        return sent.message.create_time_ms

    assert await inbox(service, me) == ([], 0)
    for other in others:
        await send(other, me, "hello: you")
    first = await send(others[0], me, "again")
    read = [(others[0], "again", 2), (others[2], "hello: you", 1), (others[1], "hello: you", 1)]
    assert await inbox(service, me) == (read, 0)
    assert (await inbox(service, others[0]))[0] == [(me, "again", 0)]

    page, cursor = await inbox(service, me, count=2)
    assert (page, (await inbox(service, me, cursor=cursor))[0]) == (read[:2], read[2:])

    await send(me, others[1], "answer")
    assert (await inbox(service, me))[0][0] == (others[1], "answer", 0)
    assert (await inbox(service, others[1]))[0] == [(me, "answer", 1)]

    mark = {"user_id": me, "to_user_id": others[0]}
    assert (await service.MarkReadMethod(**mark, until_ms=first - 1)).changed
    assert (await inbox(service, me))[0][1] == (others[0], "again", 1)
    assert (await service.MarkReadMethod(**mark, until_ms=first + 10**9)).changed
    assert not (await service.MarkReadMethod(**mark, until_ms=first - 1)).changed
    assert (await inbox(service, me))[0][1] == (others[0], "again", 0)
    await send(others[0], me, "more")
    assert (await inbox(service, me))[0][0] == (others[0], "more", 1)
    assert not (await service.MarkReadMethod(user_id=me, to_user_id=10**6, until_ms=1)).changed


@pytest.mark.parametrize("world", ["sqlite", "cluster"], indirect=True)
async def test_many_unread_messages_are_counted_up_to_a_hundred(service, people):
    me, other, *_ = people
    for _ in range(4):
        await asyncio.gather(
            *(
                service.SendMessageMethod(user_id=other, to_user_id=me, content="x")
                for _ in range(40)
            )
        )
    assert (await inbox(service, me))[0] == [(other, "x", 100)]


@pytest.mark.parametrize("world", ["sqlite", "cluster"], indirect=True)
async def test_chats_from_before_there_were_inboxes_are_added_as_read(settings, service, people):
    me, other, late, _ = people
    async with open_redis(settings()) as redis:
        for n, (one, two) in enumerate(((other, me), (me, late))):
            await redis.execute("ZADD", keys.chat(one, two), 1000 + n, f"{n}:{one}:old {n}")
        inboxes = Inboxes(redis)
        await redis.execute("DEL", keys.inboxes())
        await inboxes.adopt_once()
        assert (await inbox(service, me))[0] == [(late, "old 1", 0), (other, "old 0", 0)]
        assert (await inbox(service, late))[0] == [(me, "old 1", 0)]
        await service.SendMessageMethod(user_id=other, to_user_id=me, content="new")
        assert [each async for each in inboxes.adopt()] == []
        assert (await inbox(service, me))[0][0] == (other, "new", 1)
        await redis.execute("ZREM", keys.inbox(me), other)
        await inboxes.adopt_once()
        assert len((await inbox(service, me))[0]) == 1, "it was done before"
        assert [each async for each in inboxes.adopt()] == [(me, other)]


@pytest.mark.parametrize("world", ["cluster"], indirect=True)
async def test_an_interrupted_delivery_reaches_the_other_inbox(settings, monkeypatch):
    """The request ends between the truth and the mirror."""
    async with open_redis(settings()) as redis:
        messages = Messages(redis)
        with monkeypatch.context() as broken:
            broken.setattr(delivery, "_RAISE", None)
            with pytest.raises(AttributeError):
                await messages.send(1, 2, "lost?")

        async def mirrored():
            return await redis.execute("ZRANGE", keys.inbox(2), 0, -1) == [b"1"]

        async def forgotten():
            return not await redis.execute("ZCARD", keys.inbox_log(keys.lane(1)))

        assert not await mirrored()
        async with running(messages.complete()):
            await eventually(forgotten)
        assert await mirrored()


@pytest.mark.parametrize("world", ["sqlite", "cluster"], indirect=True)
async def test_whom_the_reader_blocks_is_neither_listed_nor_counted(settings, service, people):
    me, *others = people
    for other in others:
        await service.SendMessageMethod(user_id=other, to_user_id=me, content="hi")
        await asyncio.sleep(0.002)  # conversations are ordered by milliseconds
    first, second, third = others
    listed = [(third, "hi", 1), (second, "hi", 1), (first, "hi", 1)]
    assert await inbox(service, me) == (listed, 0)
    block = {"my_uid": me, "target_uid": second}
    await service.BlockMethod(**block, action_type=1)
    assert await inbox(service, me) == ([listed[0], listed[2]], 0)
    page, cursor = await inbox(service, me, count=1)
    assert (page, await inbox(service, me, count=1, cursor=cursor)) == (
        listed[:1],
        (listed[2:], 0),
    )
    assert (await inbox(service, second))[0] == [(me, "hi", 0)], "who is blocked is not told"
    await service.BlockMethod(**block, action_type=2)
    await service.BlockMethod(my_uid=second, target_uid=me, action_type=1)
    assert await inbox(service, me) == (listed, 0)

    # Many blocked people between two others: the page is full, and costs what it did before.
    async with open_redis(settings()) as redis:
        # The service looks for older chats at its start, which would be counted too.
        await eventually(lambda: redis.execute("GET", keys.inboxes()))
        await inbox(service, me)
        calls = [await calls_of(service, me, count=2)]
        chats = [part for at in range(250) for part in (10**15 - at, 10**6 + at)]
        blocks = [part for at in range(250) for part in (1 + at % 2 * 2, 10**6 + at)]
        await redis.execute("ZADD", keys.inbox(me), *chats)
        await redis.execute("ZADD", keys.apart(me), *blocks)
        calls.append(await calls_of(service, me, count=2))
    assert calls[0] == calls[1]
    page, cursor = await inbox(service, me, count=2)
    assert (page, (await inbox(service, me, cursor=cursor))[0]) == (listed[:2], listed[2:])


async def calls_of(service, user_id, **page):
    before = store_calls("redis")
    await inbox(service, user_id, **page)
    return store_calls("redis") - before
