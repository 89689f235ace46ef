"""Multiplexed calls (replies in any order), over raw connections and by our client."""

import asyncio
from contextlib import suppress

import pytest
from fleet import eventually

from microkit.discovery import Instance
from microkit.errors import DeadlineExceeded, Unavailable
from microkit.rpc import http2
from microkit.rpc.transport import CANCEL, REPLY, Reader, Transport, encode
from microkit.rpc.ttheader import Header

STALLS = 408


@pytest.fixture
def multiplexed(call):
    """Encodes a call with TTHeader's flag for replies in any order."""

    def make(video_id, seqid):
        data = call(video_id, Transport.TTHEADER, seqid=seqid)
        return data[:6] + b"\x00\x01" + data[8:]

    return make


async def test_a_fast_call_is_answered_before_an_earlier_slow_one(rig, multiplexed, result):
    peer = await rig.connect()
    quick = await peer.ask(multiplexed(STALLS, 1) + multiplexed(7, 2))
    assert (quick.seqid, result(quick).author_id) == (2, 7)
    rig.handler.gate.set()
    slow = await peer.answer()
    assert (slow.seqid, result(slow).author_id) == (1, STALLS)


async def test_a_call_without_the_flag_runs_alone_and_in_order(rig, call, multiplexed):
    peer = await rig.connect()
    peer.writer.write(multiplexed(STALLS, 1) + call(STALLS, Transport.TTHEADER, seqid=2))
    peer.writer.write(multiplexed(7, 3))
    await eventually(lambda: rig.handler.started == 1)
    rig.handler.gate.set()
    assert [(await peer.answer()).seqid for _ in range(3)] == [1, 2, 3]


async def test_concurrent_calls_are_bounded_per_connection(rig, multiplexed):
    peer = await rig.connect()
    peer.writer.write(b"".join(multiplexed(STALLS, n) for n in range(1, 101)))
    await eventually(lambda: rig.handler.started == 64)
    (connection,) = rig.server.connections
    assert len(connection.calls) == 64
    rig.handler.gate.set()
    assert {(await peer.answer()).seqid for _ in range(100)} == set(range(1, 101))
    await eventually(lambda: not connection.serving)


async def test_concurrent_calls_are_bounded_in_bytes(bare_rig, multiplexed):
    size = len(multiplexed(STALLS, 1))
    rig = await bare_rig.start(message_size=3 * size)
    peer = await rig.connect()
    for n in range(1, 6):
        peer.writer.write(multiplexed(STALLS, n))
    await eventually(lambda: rig.handler.started == 3)
    (connection,) = rig.server.connections
    assert len(connection.calls) == 3
    rig.handler.gate.set()
    assert {(await peer.answer()).seqid for _ in range(5)} == {1, 2, 3, 4, 5}


async def test_a_disconnect_cancels_all_calls_of_the_connection(rig, multiplexed):
    peer = await rig.connect()
    peer.writer.write(multiplexed(STALLS, 1) + multiplexed(STALLS, 2))
    await eventually(lambda: rig.handler.started == 2)
    peer.writer.close()
    await eventually(lambda: rig.handler.cancelled == 2)


async def test_stopping_answers_all_calls_in_flight_and_closes(rig, multiplexed):
    peer = await rig.connect()
    peer.writer.write(multiplexed(STALLS, 1) + multiplexed(STALLS, 2))
    await eventually(lambda: rig.handler.started == 2)
    stop = asyncio.create_task(rig.server.stop(60))
    await eventually(lambda: rig.server.draining)
    rig.handler.gate.set()
    answers = [await peer.answer() for _ in range(2)]
    assert {answer.seqid for answer in answers} == {1, 2}
    assert all(answer.header.texts["crrst"] == "1" for answer in answers)
    assert await peer.answer() is None
    await stop


async def test_a_stream_is_refused(rig, call):
    peer = await rig.connect()
    data = call(7, Transport.TTHEADER)
    assert await peer.ask(data[:6] + b"\x00\x02" + data[8:]) is None


async def test_http2_is_refused_with_goaway(rig):
    peer = await rig.connect()
    peer.writer.write(http2.PREFACE + b"\r\n\r\nSM\r\n\r\n")
    assert await peer.reader.read() == http2.REFUSAL


@pytest.fixture
async def shared(rig):
    """A client of the rig whose connection is known to be multiplexed."""
    client = rig.client()
    await client.GetVideoAuthorIdMethod(id=1)
    return client


def stalled(client, count=1):
    return [asyncio.create_task(client.GetVideoAuthorIdMethod(id=STALLS)) for _ in range(count)]


async def test_concurrent_calls_of_our_client_share_one_connection(rig, shared):
    calls = stalled(shared, 20)
    await eventually(lambda: rig.handler.started == 21)
    assert (await shared.GetVideoAuthorIdMethod(id=7)).author_id == 7, "not held up"
    assert len(rig.server.connections) == 1
    rig.handler.gate.set()
    assert {answer.author_id for answer in await asyncio.gather(*calls)} == {STALLS}


async def test_the_first_calls_leave_one_connection(rig):
    client = rig.client()
    calls = stalled(client, 5)
    await eventually(lambda: rig.handler.started == 5)
    assert len(rig.server.connections) == 5
    rig.handler.gate.set()
    await asyncio.gather(*calls)
    await eventually(lambda: len(rig.server.connections) == 1)


async def test_the_calls_of_our_client_are_bounded_on_a_shared_connection(rig):
    client = rig.client(rpc_pool_size=3)
    await client.GetVideoAuthorIdMethod(id=1)
    calls = stalled(client, 10)
    await eventually(lambda: rig.handler.started == 4)
    with pytest.raises(DeadlineExceeded):
        await client.GetVideoAuthorIdMethod(id=7, timeout=0.05)
    assert rig.handler.started == 4
    rig.handler.gate.set()
    await asyncio.gather(*calls)
    assert rig.handler.started == 11


async def test_a_cancelled_call_is_cancelled_at_the_server_and_no_other(rig, shared):
    first, second = stalled(shared, 2)
    await eventually(lambda: rig.handler.started == 3)
    (connection,) = rig.server.connections
    first.cancel()
    await eventually(lambda: rig.handler.cancelled == 1)
    rig.handler.gate.set()
    assert (await second).author_id == STALLS
    assert rig.server.connections == {connection}
    assert rig.handler.cancelled == 1


async def test_a_cancelled_call_in_the_servers_queue_is_dropped(rig, multiplexed):
    peer = await rig.connect()
    peer.writer.write(b"".join(multiplexed(STALLS, n) for n in range(1, 66)))
    await eventually(lambda: rig.handler.started == 64)
    header = Header(65, any_order=True)
    peer.writer.write(encode(Transport.TTHEADER, CANCEL, b"", 65, b"", header))
    (connection,) = rig.server.connections
    await eventually(lambda: not connection._queue)
    rig.handler.gate.set()
    assert {(await peer.answer()).seqid for _ in range(64)} == set(range(1, 65))
    assert rig.handler.started == 64


async def test_a_lost_shared_connection_fails_all_its_calls(rig, shared):
    calls = stalled(shared, 3)
    await eventually(lambda: rig.handler.started == 4)
    for connection in rig.server.connections:
        connection.abort()
    for call in calls:
        with pytest.raises(Unavailable):
            await call
    assert (await shared.GetVideoAuthorIdMethod(id=7)).author_id == 7


async def test_a_shared_connection_without_a_reply_in_time_gets_no_further_call(rig, call):
    """As if the network swallowed everything; the call in flight beside it is still answered."""
    message = await (await rig.connect()).ask(call(7))
    body = message.body[message.start :]
    writers, seqids = [], []

    async def serve(reader, writer):
        writers.append(writer)
        messages = Reader(1 << 20)
        while data := await reader.read(1 << 16):
            for message in messages.feed(data):
                seqids.append(message.seqid)
                if len(seqids) not in (2, 3):
                    writer.write(reply(message.seqid))

    def reply(seqid):
        header = Header(seqid, {}, {"multiplexed": "1"})
        return encode(
            Transport.TTHEADER_FRAMED, REPLY, b"GetVideoAuthorIdMethod", seqid, body, header
        )

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    client = rig.client(Instance("127.0.0.1", server.sockets[0].getsockname()[1]))
    await client.GetVideoAuthorIdMethod(id=7)
    waiting = asyncio.create_task(client.GetVideoAuthorIdMethod(id=7))
    await eventually(lambda: len(seqids) == 2)
    with pytest.raises(DeadlineExceeded):
        await client.GetVideoAuthorIdMethod(id=7, timeout=0.05)
    assert (await client.GetVideoAuthorIdMethod(id=7)).author_id == 7
    assert len(writers) == 2
    writers[0].write(reply(seqids[2]) + reply(seqids[1]))  # the first is late: to no call
    assert (await waiting).author_id == 7
    server.close()


@pytest.mark.parametrize("steps", range(6))
async def test_calls_cancelled_in_any_iteration_leave_no_call_at_the_server(rig, shared, steps):
    calls = stalled(shared, 8)
    for _ in range(steps):
        await asyncio.sleep(0)
    for call in calls:
        call.cancel()
        with suppress(asyncio.CancelledError):
            await call
    assert (await shared.GetVideoAuthorIdMethod(id=7)).author_id == 7
    (connection,) = rig.server.connections
    await eventually(lambda: not connection.calls)
