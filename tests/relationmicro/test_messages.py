"""The behaviour of MessageService."""

import asyncio

import pytest

from idl import usermicro
from microkit.errors import Error, ParamError


@pytest.fixture
async def pair(fleet):
    users = fleet.client("userservice")
    newuser = usermicro.CreateUserInfo
    return [
        (await users.CreateUserMethod(newuser=newuser(name=name), password="x")).user_id
        for name in ("left", "right")
    ]


@pytest.fixture
async def messages(fleet, pair):
    return fleet.client("relationservice")


async def send(messages, one, other, content):
    answer = await messages.SendMessageMethod(user_id=one, to_user_id=other, content=content)
    return answer.message


async def test_both_read_the_whole_chat_in_order(messages, pair):
    a, b = pair
    sent = [await send(messages, a, b, "你好: 1"), await send(messages, b, a, "2")]
    sent.append(await send(messages, a, b, " 3 \n"))
    for one, other in ((a, b), (b, a)):
        got = (await messages.GetAllMessageMethod(user_id=one, to_user_id=other)).msg
        assert got == sent
    assert [m.content for m in sent] == ["你好: 1", "2", " 3 \n"]
    assert [(m.from_user_id, m.to_user_id) for m in sent] == [(a, b), (b, a), (a, b)]


async def test_times_increase_strictly_and_ids_stay_small(messages, pair):
    sent = await asyncio.gather(*(send(messages, *pair, f"m{i}") for i in range(100)))
    times = sorted(message.create_time_ms for message in sent)
    assert len(set(times)) == 100
    assert all(str(m.create_time_ms) == m.create_time for m in sent)
    assert len({m.id for m in sent}) == 100
    assert max(m.id for m in sent) < 2**53


async def test_a_poll_returns_only_messages_received_after_the_time(messages, pair):
    a, b = pair
    first = await send(messages, a, b, "first")
    own = await send(messages, b, a, "own")
    last = await send(messages, a, b, "last")

    async def poll(after):
        answer = await messages.GetAllMessageMethod(user_id=b, to_user_id=a, pre_msg_time=after)
        return [message.content for message in answer.msg]

    assert await poll(first.create_time_ms - 1) == ["first", "last"]
    assert await poll(first.create_time_ms) == ["last"]
    assert await poll(own.create_time_ms) == ["last"]
    assert await poll(last.create_time_ms) == []
    assert await poll(0) == ["first", "own", "last"]


@pytest.mark.parametrize("received", [1, 31, 32, 33, 70])
async def test_a_poll_returns_a_few_and_many_new_messages_whole(messages, pair, received):
    a, b = pair
    first = await send(messages, a, b, "first")
    own = await send(messages, b, a, "own")
    sent = [await send(messages, a, b, f"m{i}") for i in range(received)]
    request = {"user_id": b, "to_user_id": a, "pre_msg_time": first.create_time_ms}
    answer = await messages.GetAllMessageMethod(**request)
    assert (answer.msg, answer.next_cursor) == (sent, 0)
    page = await messages.GetAllMessageMethod(**request, count=20)
    assert page.msg == sent[:20]
    assert own not in page.msg


@pytest.mark.parametrize("world", ["sqlite", "mariadb"], indirect=True)
async def test_a_user_with_many_own_messages_still_gets_the_reply(messages, pair):
    a, b = pair
    first = await send(messages, a, b, "first")
    for _ in range(25):
        await asyncio.gather(*(send(messages, b, a, "own") for _ in range(401)))
    answer = await send(messages, a, b, "answer")
    got = await messages.GetAllMessageMethod(
        user_id=b, to_user_id=a, pre_msg_time=first.create_time_ms
    )
    assert got.msg == [answer]


@pytest.mark.parametrize("content", ["", "  \n\t", "x" * 1001])
async def test_a_message_has_bounds(messages, pair, content):
    with pytest.raises(ParamError):
        await send(messages, *pair, content)


async def test_a_message_to_oneself_or_to_an_unknown_user_is_refused(messages, pair):
    with pytest.raises(ParamError):
        await send(messages, pair[0], pair[0], "x")
    with pytest.raises(Error):
        await send(messages, pair[0], 999, "x")
    assert (await messages.GetAllMessageMethod(user_id=pair[0], to_user_id=999)).msg == []


async def test_a_long_history_is_cut_at_its_old_end_and_the_rest_follows(messages, pair):
    content = "字" * 1000
    for _ in range(4):
        await asyncio.gather(*(send(messages, *pair, content) for _ in range(100)))
    newest = await send(messages, *pair, "newest")
    asked = {"user_id": pair[0], "to_user_id": pair[1]}
    answer = await messages.GetAllMessageMethod(**asked)
    assert answer.msg[-1] == newest
    assert 300 < len(answer.msg) < 350, "1 MiB"
    rest = await messages.GetAllMessageMethod(**asked, cursor=answer.next_cursor)
    assert len(rest.msg) == 401 - len(answer.msg)
    assert rest.msg[-1].create_time_ms < answer.msg[0].create_time_ms
    assert rest.next_cursor == 0
