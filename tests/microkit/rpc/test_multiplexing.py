"""Multiplexed calls (replies in any order), tested over raw connections."""

import asyncio

import pytest
from fleet import eventually

from microkit.rpc import http2
from microkit.rpc.transport import Transport

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
    assert all(answer.header.texts == {"crrst": "1"} for answer in answers)
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
