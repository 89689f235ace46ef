"""The RPC client: deadlines, pool, retries, load balancing."""

import asyncio
import random
from contextlib import asynccontextmanager, suppress

import pytest
from fleet import eventually, turns

import idl
from microkit.discovery import Instance
from microkit.errors import (
    DeadlineExceeded,
    Error,
    NotFound,
    Retry,
    ServiceError,
    Unavailable,
    UnknownMethod,
)  # fmt: skip
from microkit.rpc import load_balancer, metadata, pool
from microkit.rpc.contract import Contract
from microkit.rpc.load_balancer import BURST_CALLS
from microkit.rpc.transport import Reader, encode
from microkit.rpc.ttheader import Header
from scripts.servers import free_port

contract = Contract(idl.load("videomicro"))


@pytest.mark.parametrize("transport", ["framed", "ttheader"])
async def test_a_call_returns_the_response_or_raises_its_error(rig, transport):
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
        await client.GetVideoAuthorIdMethod(id=408, timeout=0.1)
    task = asyncio.create_task(client.GetVideoAuthorIdMethod(id=408))
    await eventually(lambda: rig.handler.started == 2)
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


async def test_a_call_that_times_out_in_the_pool_was_never_handled(rig):
    client = rig.client(rpc_pool_size=1)
    slow = asyncio.create_task(client.GetVideoAuthorIdMethod(id=408))
    await eventually(lambda: rig.handler.started == 1)
    with pytest.raises(DeadlineExceeded):
        await client.GetVideoAuthorIdMethod(id=1, timeout=0.1)
    rig.handler.gate.set()
    await slow
    assert rig.handler.started == 1


async def test_a_cancelled_waiter_passes_its_connection_on(rig):
    client = rig.client(rpc_pool_size=1)
    slow = asyncio.create_task(client.GetVideoAuthorIdMethod(id=408))
    await eventually(lambda: rig.handler.started == 1)
    waiting = [asyncio.create_task(client.GetVideoAuthorIdMethod(id=n)) for n in range(10)]
    await turns()
    rig.handler.gate.set()
    for task in waiting[::2]:
        task.cancel()
    await slow
    answers = await asyncio.gather(*waiting[1::2])
    assert [answer.author_id for answer in answers] == [1, 3, 5, 7, 9]


async def test_a_restart_between_two_calls_goes_unnoticed(bare_rig):
    rig = await bare_rig.start(free_port())
    client = rig.client()
    await asyncio.gather(*(client.GetVideoAuthorIdMethod(id=n) for n in range(5)))
    port = rig.port
    await rig.server.stop(0)
    await rig.start(port)
    assert (await client.GetVideoAuthorIdMethod(id=1)).author_id == 1


async def test_a_refused_connection_is_unavailable_before_the_deadline(rig):
    client = rig.client()
    await rig.server.stop(0)
    with pytest.raises(Unavailable) as raised:
        await client.GetVideoAuthorIdMethod(id=1)
    assert not isinstance(raised.value, DeadlineExceeded)
    assert raised.value.retry is Retry.NEVER_HANDLED
    with pytest.raises(Unavailable):
        await client.check()


async def test_an_instance_that_refuses_connections_is_skipped(rig):
    dead = Instance("127.0.0.1", free_port())
    client = rig.client(dead, Instance("127.0.0.1", rig.port))
    answers = [await client.GetVideoAuthorIdMethod(id=n) for n in range(10)]
    assert [answer.author_id for answer in answers] == list(range(10))


async def fake_server(reply):
    """A server that sends the bytes `reply` returns for each call."""

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
async def test_a_reply_to_another_call_is_unavailable(rig, reply):
    server = await fake_server(reply)
    port = server.sockets[0].getsockname()[1]
    client = rig.client(Instance("127.0.0.1", port))
    for _ in range(2):
        with pytest.raises(Unavailable):
            await client.GetVideoAuthorIdMethod(id=1)
    server.close()


async def test_a_reply_that_cannot_be_decoded_is_a_service_error(rig):
    server = await fake_server(lambda m: encode(m.transport, 2, m.name.encode(), m.seqid, b"\x00"))
    client = rig.client(Instance("127.0.0.1", server.sockets[0].getsockname()[1]))
    with pytest.raises(ServiceError):
        await client.GetVideoAuthorIdMethod(id=1)
    server.close()


async def test_the_exception_for_an_unknown_method_is_unknown_method(rig):
    body = b"\x0b\x00\x01\x00\x00\x00\x01?\x08\x00\x02\x00\x00\x00\x01\x00"
    server = await fake_server(lambda m: encode(m.transport, 3, m.name.encode(), m.seqid, body))
    client = rig.client(Instance("127.0.0.1", server.sockets[0].getsockname()[1]))
    with pytest.raises(UnknownMethod):
        await client.GetVideoAuthorIdMethod(id=1)
    server.close()


async def test_a_call_that_may_have_been_handled_is_not_retried(rig):
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


async def test_a_draining_servers_connection_is_not_used_again(bare_rig):
    rig = await bare_rig.start(free_port())
    client = rig.client(rpc_transport="ttheader")
    task = asyncio.create_task(client.GetVideoAuthorIdMethod(id=408))
    await eventually(lambda: rig.handler.started == 1)
    stopping = asyncio.create_task(rig.server.stop(60))
    await eventually(lambda: rig.server.draining)
    rig.handler.gate.set()
    assert (await task).author_id == 408
    await stopping
    await rig.start(rig.port)
    assert (await client.GetVideoAuthorIdMethod(id=2)).author_id == 2


async def test_persistent_values_are_forwarded(rig):
    client = rig.client(rpc_transport="ttheader")
    metadata.persistent.set({metadata.REQUEST_ID: "abc", "RPC_PERSIST_X": "y"})
    await client.GetVideoAuthorIdMethod(id=1)
    assert rig.handler.seen == [{metadata.REQUEST_ID: "abc", "RPC_PERSIST_X": "y"}]


async def test_the_deadline_is_sent_with_the_call(rig):
    client = rig.client(rpc_transport="ttheader")
    with pytest.raises(DeadlineExceeded):
        await client.GetVideoAuthorIdMethod(id=408, timeout=0.2)
    await eventually(lambda: rig.handler.cancelled == 1)


@asynccontextmanager
async def answering(rig, reply, **settings):
    """A client of such a server, and the list of the connections it made."""
    server, connections = None, []

    async def serve(reader, writer):
        connections.append(writer)
        messages = Reader(1 << 20)
        with suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                for message in messages.feed(data):
                    writer.write(reply(message))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    instance = Instance("127.0.0.1", server.sockets[0].getsockname()[1])
    try:
        yield rig.client(instance, **settings), connections
    finally:
        server.close()


def reply_to(message, author_id=1, header=None):
    method = contract.methods()[message.name]
    value = method.response.ok(author_id=author_id)
    body = method.result.encode(method.result.struct(value=value))
    return encode(message.transport, 2, message.name.encode(), message.seqid, body, header)


def exception_with(body):
    return lambda m: encode(m.transport, 3, m.name.encode(), m.seqid, body)


async def test_a_connection_is_reused_after_a_reply(rig):
    async with answering(rig, reply_to) as (client, connections):
        for _ in range(5):
            await client.GetVideoAuthorIdMethod(id=1)
        assert len(connections) == 1


async def test_a_connection_that_the_peer_announces_to_close_is_not_reused(rig):
    def closing(message):
        return reply_to(message, header=Header(message.seqid, {}, {"crrst": "1"}))

    async with answering(rig, closing, rpc_transport="ttheader") as (client, connections):
        for _ in range(5):
            await client.GetVideoAuthorIdMethod(id=1)
        assert len(connections) == 5


async def test_a_connection_with_data_after_the_reply_is_not_reused(rig):
    def twice(message):
        return reply_to(message) + reply_to(message, author_id=666)

    async with answering(rig, twice) as (client, connections):
        for _ in range(5):
            with suppress(Unavailable):
                assert (await client.GetVideoAuthorIdMethod(id=1)).author_id == 1
        assert len(connections) == 5


async def test_a_timeout_and_a_cancelled_call_close_their_connection(rig):
    client = rig.client(rpc_transport="framed")
    with pytest.raises(DeadlineExceeded):
        await client.GetVideoAuthorIdMethod(id=408, timeout=0.05)
    await eventually(lambda: not rig.server.connections)
    task = asyncio.create_task(client.GetVideoAuthorIdMethod(id=408))
    await eventually(lambda: rig.handler.started == 2)
    task.cancel()
    await eventually(lambda: not rig.server.connections)
    assert rig.handler.cancelled == 2


async def test_a_reply_in_single_bytes_is_read(rig):
    async def serve(reader, writer):
        (message,) = Reader(1 << 20).feed(await reader.read(1 << 16))
        for byte in reply_to(message, author_id=5):
            writer.write(bytes((byte,)))
            await asyncio.sleep(0)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    client = rig.client(Instance("127.0.0.1", server.sockets[0].getsockname()[1]))
    assert (await client.GetVideoAuthorIdMethod(id=1)).author_id == 5
    server.close()


async def test_a_reply_over_the_size_limit_fails_at_once(rig):
    def large(message):
        return (2 << 20).to_bytes(4, "big") + b"\x80\x01\x00\x02"

    async with answering(rig, large, rpc_max_message_mib=1) as (client, _):
        with pytest.raises(Unavailable) as raised:
            await client.GetVideoAuthorIdMethod(id=1)
        assert not isinstance(raised.value, DeadlineExceeded)


TEXT = b"\x0b\x00\x01\x00\x00\x00\x03why"
UNKNOWN = TEXT + b"\x08\x00\x02\x00\x00\x00\x01\x00"


@pytest.mark.parametrize("length", range(len(UNKNOWN)))
async def test_a_truncated_exception_raises_one_of_our_errors(rig, length):
    async with answering(rig, exception_with(UNKNOWN[:length])) as (client, _):
        with pytest.raises(Error):
            await client.GetVideoAuthorIdMethod(id=1)


@pytest.mark.parametrize(
    "body",
    [
        b"\x0b\x00\x01\xff\xff\xff\xf9",  # a text of -7 bytes: it would point back to its own start
        b"\x0b\x00\x01\x80\x00\x00\x00",
        b"\x0b\x00\x01\x7f\xff\xff\xffx",
        b"\x0b\x00\x01\x00\x00\x00\x02\xff\xfe\x00",
        b"\x0c\x00\x09\x00" + UNKNOWN,
        b"\x63",
        b"\x0c\x00\x09" * 100_000,
    ],
)
async def test_a_malformed_exception_raises_one_of_our_errors(rig, body):
    async with answering(rig, exception_with(body)) as (client, _):
        with pytest.raises(Error):
            await client.GetVideoAuthorIdMethod(id=1)


async def test_a_method_that_the_server_lacks_raises_unknown_method(rig):
    del rig.server.methods["UpdateVideoMethod"]
    client = rig.client()
    with pytest.raises(UnknownMethod) as raised:
        await client.UpdateVideoMethod(id=1)
    assert raised.value.retry is Retry.NEVER_HANDLED
    assert (await client.GetVideoAuthorIdMethod(id=1)).author_id == 1


async def test_a_method_that_the_contract_lacks_is_an_attribute_error(rig):
    with pytest.raises(AttributeError, match="videoservice has no method Sing"):
        await rig.client().Sing()


async def test_a_deadline_that_passed_at_the_server_is_deadline_exceeded(bare_rig):
    rig = await bare_rig.start(timeout=0.05)
    with pytest.raises(DeadlineExceeded):
        await rig.client().GetVideoAuthorIdMethod(id=408)


async def test_a_connection_that_the_server_closed_just_now_is_not_used(rig):
    client = rig.client()
    for n in range(5):
        await client.GetVideoAuthorIdMethod(id=n)
        for connection in tuple(rig.server.connections):
            connection.abort()
        # The server's end closes in this iteration of the loop; the client has not seen it yet.
        await asyncio.sleep(0)
        assert (await client.GetVideoAuthorIdMethod(id=n)).author_id == n


async def test_a_call_whose_deadline_passed_is_not_retried_on_another_instance(
    start_rig, monkeypatch
):
    # Calls alternate, so that the third one waits for the first instance.
    monkeypatch.setattr(load_balancer, "BURST_CALLS", 1)
    full, free = await start_rig(), await start_rig()
    both = [Instance("127.0.0.1", each.port) for each in (full, free)]
    client = full.client(*both, rpc_pool_size=1)
    # One call occupies the only connection to each instance; only one of the two completes.
    slow = [asyncio.create_task(client.GetVideoAuthorIdMethod(id=408)) for _ in both]
    await eventually(lambda: full.handler.started == free.handler.started == 1)
    waiting = asyncio.create_task(client.GetVideoAuthorIdMethod(id=1, timeout=0.1))
    await asyncio.sleep(0)
    free.handler.gate.set()
    full.handler.gate.clear()
    (done,), _ = await asyncio.wait(slow, return_when=asyncio.FIRST_COMPLETED)
    assert (await done).author_id == 408
    with pytest.raises(DeadlineExceeded):
        await waiting
    full.handler.gate.set()
    await asyncio.wait(slow)
    # A retried call would have arrived at its server before these.
    await asyncio.gather(*(client.GetVideoAuthorIdMethod(id=n) for n in range(2)))
    assert full.handler.started + free.handler.started == 4


@pytest.mark.parametrize("burst_seconds", [0.0, 60.0])
async def test_servers_get_calls_by_their_weight(start_rig, monkeypatch, burst_seconds):
    # All pools are full for most of the 600 calls.
    monkeypatch.setattr(load_balancer, "_BURST_SECONDS", burst_seconds)
    monkeypatch.setattr(pool, "_CONNECT_SECONDS", 60.0)
    rigs = [await start_rig() for _ in range(3)]
    instances = [
        Instance("127.0.0.1", rig.port, weight)
        for rig, weight in zip(rigs, (10, 20, 30), strict=True)
    ]
    client = rigs[0].client(*instances)
    await asyncio.gather(*(client.GetVideoAuthorIdMethod(id=1) for _ in range(600)))
    for rig, share in zip(rigs, (100, 200, 300), strict=True):
        assert abs(rig.handler.started - share) <= BURST_CALLS


async def test_a_removed_instance_is_closed_and_a_new_one_is_used(start_rig):
    old, new = await start_rig(), await start_rig()
    client = old.client()
    await client.GetVideoAuthorIdMethod(id=1)
    client._pools.resolver = FixedResolver(Instance("127.0.0.1", new.port))
    await client.GetVideoAuthorIdMethod(id=2)
    assert (old.handler.started, new.handler.started) == (1, 1)
    await eventually(lambda: not old.server.connections)


async def test_a_call_in_flight_on_a_removed_instance_completes(start_rig):
    old, new = await start_rig(), await start_rig()
    client = old.client()
    task = asyncio.create_task(client.GetVideoAuthorIdMethod(id=408))
    await eventually(lambda: old.handler.started == 1)
    client._pools.resolver = FixedResolver(Instance("127.0.0.1", new.port))
    await client.GetVideoAuthorIdMethod(id=2)
    old.handler.gate.set()
    assert (await task).author_id == 408
    await eventually(lambda: not old.server.connections)


async def test_a_service_without_an_instance_is_unavailable(rig):
    client = rig.client()
    client._pools.resolver = FixedResolver()
    with pytest.raises(Unavailable) as raised:
        await client.GetVideoAuthorIdMethod(id=1)
    assert raised.value.retry is Retry.NEVER_HANDLED


async def test_persistent_values_are_forwarded_through_a_server_to_the_next(start_rig):
    first, second = await start_rig(), await start_rig()
    onward = second.client(rpc_transport="ttheader")

    async def forward(request):
        return await onward.GetVideoAuthorIdMethod(id=request.id)

    first.server.methods["GetVideoAuthorIdMethod"].call = forward
    client = first.client(rpc_transport="ttheader")

    async def call(number):
        metadata.persistent.set({"RPC_PERSIST_N": str(number), metadata.REQUEST_ID: "r"})
        return await client.GetVideoAuthorIdMethod(id=number)

    await asyncio.gather(*(asyncio.create_task(call(n)) for n in range(20)))
    seen = sorted(int(each["RPC_PERSIST_N"]) for each in second.handler.seen)
    assert seen == list(range(20))
    assert {each[metadata.REQUEST_ID] for each in second.handler.seen} == {"r"}


async def test_calls_cancelled_at_any_moment_never_mix_up_replies(rig):
    chance = random.Random(408)
    client = rig.client(rpc_pool_size=4)

    async def one(number):
        task = asyncio.create_task(client.GetVideoAuthorIdMethod(id=number))
        if chance.random() < 0.5:
            for _ in range(chance.randrange(8)):
                await asyncio.sleep(0)
            task.cancel()
        with suppress(asyncio.CancelledError):
            assert (await task).author_id == number
            return 1
        return 0

    done = await asyncio.gather(*(one(n) for n in range(1000, 1400)))
    assert sum(done) >= 100
    await eventually(lambda: len(rig.server.connections) <= 4)
    assert (await client.GetVideoAuthorIdMethod(id=1)).author_id == 1


async def test_a_closed_client_leaves_no_connection(rig):
    client = rig.client()
    await asyncio.gather(*(client.GetVideoAuthorIdMethod(id=n) for n in range(10)))
    await client.close()
    await eventually(lambda: not rig.server.connections)


class FixedResolver:
    """A resolver of fixed instances."""

    def __init__(self, *instances) -> None:
        self.instances = instances

    def cached(self, service):
        return ()

    async def resolve(self, service):
        return self.instances
