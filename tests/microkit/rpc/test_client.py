"""The client: deadlines, its pool, retries, balance."""

import asyncio
import time
from collections import Counter

import pytest

from microkit.discovery import Instance
from microkit.errors import (
    DeadlineExceeded,
    NotFound,
    ServiceError,
    Unavailable,
    UnknownMethod,
)  # fmt: skip
from microkit.rpc import metadata
from microkit.rpc.client import Balance
from microkit.rpc.transport import Reader, encode


@pytest.mark.parametrize("transport", ["framed", "ttheader"])
async def test_a_call_returns_the_answer_or_raises_what_it_says(rig, transport):
    client = rig.client(rpc_transport=transport)
    assert (await client.GetVideoAuthorIdMethod(id=7)).author_id == 7
    with pytest.raises(NotFound, match="视频不存在"):
        await client.GetVideoAuthorIdMethod(id=404)
    with pytest.raises(ServiceError):
        await client.GetVideoAuthorIdMethod(id=500)
    assert len(rig.server.connections) == 1


async def test_a_missing_required_field_is_never_sent(rig):
    with pytest.raises((ServiceError, TypeError)):
        await rig.client().GetVideoAuthorIdMethod()
    with pytest.raises(ServiceError):
        await rig.client().GetVideoAuthorIdMethod(id=None)
    assert rig.handler.started == 0


@pytest.mark.parametrize("transport", ["framed", "ttheader"])
async def test_a_late_answer_is_never_read_by_the_next_call(rig, transport):
    client = rig.client(rpc_transport=transport)
    with pytest.raises(DeadlineExceeded):
        await client.GetVideoAuthorIdMethod(id=408, _seconds=0.1)
    task = asyncio.create_task(client.GetVideoAuthorIdMethod(id=408))
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.wait((task,))
    rig.handler.gate.set()
    for n in range(20):
        assert (await client.GetVideoAuthorIdMethod(id=n)).author_id == n


async def test_the_pool_is_bounded_and_callers_wait_for_their_turn(rig):
    client = rig.client(rpc_pool_size=3)
    answers = await asyncio.gather(*(client.GetVideoAuthorIdMethod(id=n) for n in range(100)))
    assert [answer.author_id for answer in answers] == list(range(100))
    assert len(rig.server.connections) <= 3


async def test_who_waits_too_long_for_a_connection_was_not_handled(rig):
    client = rig.client(rpc_pool_size=1)
    holds = asyncio.create_task(client.GetVideoAuthorIdMethod(id=408))
    await asyncio.sleep(0.05)
    with pytest.raises(DeadlineExceeded):
        await client.GetVideoAuthorIdMethod(id=1, _seconds=0.1)
    rig.handler.gate.set()
    await holds
    assert rig.handler.started == 1


async def test_a_waiting_caller_that_leaves_passes_its_turn_on(rig):
    client = rig.client(rpc_pool_size=1)
    holds = asyncio.create_task(client.GetVideoAuthorIdMethod(id=408))
    await asyncio.sleep(0.05)
    waiting = [asyncio.create_task(client.GetVideoAuthorIdMethod(id=n)) for n in range(10)]
    await asyncio.sleep(0.05)
    rig.handler.gate.set()
    for task in waiting[::2]:
        task.cancel()
    await holds
    answers = await asyncio.gather(*waiting[1::2])
    assert [answer.author_id for answer in answers] == [1, 3, 5, 7, 9]


async def test_a_restart_between_two_calls_goes_unnoticed(rig):
    client = rig.client()
    await asyncio.gather(*(client.GetVideoAuthorIdMethod(id=n) for n in range(5)))
    port = rig.port
    await rig.server.stop(0)
    await asyncio.sleep(0.05)
    await rig.start(port)
    assert (await client.GetVideoAuthorIdMethod(id=1)).author_id == 1


async def test_nobody_there_is_unavailable_quickly(rig):
    client = rig.client()
    await rig.server.stop(0)
    started = time.monotonic()
    with pytest.raises(Unavailable):
        await client.GetVideoAuthorIdMethod(id=1)
    assert time.monotonic() - started < 1
    with pytest.raises(Unavailable):
        await client.check()


async def test_an_instance_that_refuses_is_passed_over(rig):
    dead = Instance("127.0.0.1", 1)
    client = rig.client(dead, Instance("127.0.0.1", rig.port))
    answers = [await client.GetVideoAuthorIdMethod(id=n) for n in range(10)]
    assert [answer.author_id for answer in answers] == list(range(10))


def test_instances_get_calls_by_their_weight_and_not_in_bursts():
    a, b, c = (Instance("h", n, weight) for n, weight in ((1, 5), (2, 1), (3, 1)))
    balance = Balance()
    picks = [balance.pick([a, b, c]) for _ in range(70)]
    assert Counter(picks) == {a: 50, b: 10, c: 10}
    assert picks[:7] == [a, a, b, a, c, a, a]
    assert Balance().pick([]) is None


async def liar(reply):
    """A server that answers with what `reply` makes of the call."""

    async def serve(reader, writer):
        messages = Reader(1 << 20)
        while data := await reader.read(1 << 16):
            for message in messages.feed(data):
                writer.write(reply(message))
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0)


@pytest.mark.parametrize(
    "reply",
    [
        lambda m: encode(m.transport, 2, m.name.encode(), m.seqid + 1, b"\x00"),
        lambda m: encode(m.transport, 2, b"Other", m.seqid, b"\x00"),
        lambda m: b"HTTP/1.1 400 Bad Request\r\n\r\n",
        lambda m: b"\x00\x00\x00\x05\x80\x01\x00\x02\x00",
    ],
)
async def test_an_answer_to_another_call_drops_the_connection(rig, reply):
    server = await liar(reply)
    port = server.sockets[0].getsockname()[1]
    client = rig.client(Instance("127.0.0.1", port))
    for _ in range(2):
        with pytest.raises(Unavailable):
            await client.GetVideoAuthorIdMethod(id=1)
    server.close()


async def test_an_answer_that_cannot_be_decoded_is_an_error(rig):
    server = await liar(lambda m: encode(m.transport, 2, m.name.encode(), m.seqid, b"\x00"))
    client = rig.client(Instance("127.0.0.1", server.sockets[0].getsockname()[1]))
    with pytest.raises(ServiceError):
        await client.GetVideoAuthorIdMethod(id=1)
    server.close()


async def test_an_unknown_method_is_told_apart(rig):
    body = b"\x0b\x00\x01\x00\x00\x00\x01?\x08\x00\x02\x00\x00\x00\x01\x00"
    server = await liar(lambda m: encode(m.transport, 3, m.name.encode(), m.seqid, body))
    client = rig.client(Instance("127.0.0.1", server.sockets[0].getsockname()[1]))
    with pytest.raises(UnknownMethod):
        await client.GetVideoAuthorIdMethod(id=1)
    server.close()


async def test_a_call_that_may_have_been_handled_is_not_made_again(rig):
    calls = []

    async def serve(reader, writer):
        await reader.read(1 << 16)
        calls.append(1)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    client = rig.client(Instance("127.0.0.1", server.sockets[0].getsockname()[1]))
    with pytest.raises(Unavailable):
        await client.GetVideoAuthorIdMethod(id=1)
    assert len(calls) == 1
    server.close()


async def test_a_draining_servers_connection_is_not_used_again(rig):
    client = rig.client(rpc_transport="ttheader")
    task = asyncio.create_task(client.GetVideoAuthorIdMethod(id=408))
    await asyncio.sleep(0.05)
    stopping = asyncio.create_task(rig.server.stop(5))
    await asyncio.sleep(0.05)
    rig.handler.gate.set()
    assert (await task).author_id == 408
    await stopping
    await rig.start(rig.port)
    assert (await client.GetVideoAuthorIdMethod(id=2)).author_id == 2


async def test_persistent_values_travel_on(rig):
    client = rig.client(rpc_transport="ttheader")
    metadata.persistent.set({metadata.REQUEST_ID: "abc", "RPC_PERSIST_X": "y"})
    await client.GetVideoAuthorIdMethod(id=1)
    assert rig.handler.seen == [{metadata.REQUEST_ID: "abc", "RPC_PERSIST_X": "y"}]


async def test_the_deadline_travels_with_the_call(rig):
    client = rig.client(rpc_transport="ttheader")
    with pytest.raises(DeadlineExceeded):
        await client.GetVideoAuthorIdMethod(id=408, _seconds=0.2)
    await asyncio.sleep(0.1)
    assert rig.handler.cancelled == 1
