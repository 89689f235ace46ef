"""The RPC server, tested over raw connections."""

import asyncio
import contextlib
import socket

import pytest
from fleet import eventually, turns

from microkit import observe
from microkit.discovery import Instance
from microkit.errors import DeadlineExceeded, Overloaded
from microkit.rpc import ttheader
from microkit.rpc.transport import CALL, Transport, encode
from microkit.rpc.ttheader import Header

REPLY, EXCEPTION = 2, 3


@pytest.mark.parametrize("transport", Transport)
async def test_a_reply_uses_the_transport_of_its_request(rig, call, result, transport):
    peer = await rig.connect()
    answer = await peer.ask(call(7, transport, seqid=42))
    assert (answer.transport, answer.kind, answer.seqid) == (transport, REPLY, 42)
    assert answer.name == "GetVideoAuthorIdMethod"
    assert result(answer).author_id == 7


@pytest.mark.parametrize("seqid", [0, -1, 2**31 - 1, -(2**31)])
async def test_any_sequence_number_is_echoed(rig, call, exception, seqid):
    peer = await rig.connect()
    for transport in Transport:
        assert (await peer.ask(call(7, transport, seqid=seqid))).seqid == seqid
        unknown = call(7, transport, seqid=seqid).replace(b"AuthorIdMethod", b"AuthorIdMethoX")
        answer = await peer.ask(unknown)
        assert (answer.seqid, exception(answer)[0]) == (seqid, 1)


@pytest.mark.parametrize("name", [b"", b"\xff\xfe" * 128, "方法".encode(), b"\x00\n%s{}"])
async def test_an_unknown_method_name_is_echoed_byte_by_byte(rig, exception, name):
    peer = await rig.connect()
    for transport in Transport:
        answer = await peer.ask(encode(transport, CALL, name, 1, b"\x00"))
        assert exception(answer)[0] == 1
        assert answer.name.encode(errors="surrogateescape") == name


async def test_calls_on_one_connection_are_answered_in_order(rig, call, result):
    peer = await rig.connect()
    transports = list(Transport) * 30
    peer.writer.write(b"".join(call(n, t, seqid=n) for n, t in enumerate(transports)))
    answers = [await peer.answer() for _ in transports]
    assert [answer.seqid for answer in answers] == list(range(len(transports)))
    assert [result(answer).author_id for answer in answers] == list(range(len(transports)))
    assert [answer.transport for answer in answers] == transports


async def test_a_request_in_single_bytes_is_read(rig, call, result):
    peer = await rig.connect()
    for byte in call(3, Transport.UNFRAMED):
        peer.writer.write(bytes([byte]))
        await asyncio.sleep(0)
    assert result(await peer.answer()).author_id == 3


async def test_an_error_with_a_number_is_a_normal_reply(rig, call, result):
    answer = await (await rig.connect()).ask(call(404))
    assert answer.kind == REPLY
    failed = result(answer)
    assert (failed.status, failed.status_code, failed.status_msg) == (False, 10007, "视频不存在")


async def test_a_request_out_of_bounds_never_reaches_the_handler(rig, call, result):
    peer = await rig.connect()
    video = {"title": " ", "author_id": 1, "play_url": "p", "cover_url": "c"}
    answer = result(await peer.ask(call(name="CreateVideoMethod", **video)))
    assert (answer.status, answer.status_code) == (False, 10002)
    assert answer.status_msg == "标题应为 1 到 128 个字符，且不能全是空白"
    assert result(await peer.ask(call())).author_id == 7


@pytest.mark.parametrize("transport", Transport)
async def test_failures_are_exceptions_and_keep_the_connection(
    rig, call, result, exception, transport
):
    peer = await rig.connect()
    good = call(1, transport)
    unknown = good.replace(b"GetVideoAuthorIdMethod", b"GetVideoAuthorIdMethoX")
    assert exception(await peer.ask(unknown))[0] == 1
    kind, text = exception(await peer.ask(call(500, transport)))
    assert kind == 6
    assert "secret" not in text
    assert "ValueError" not in text
    # Field 9 in place of the required field 1.
    missing = good.replace(
        b"\x0a\x00\x01" + bytes(7) + b"\x01", b"\x0a\x00\x09" + bytes(7) + b"\x01"
    )
    assert missing != good
    assert exception(await peer.ask(missing))[0] == 7
    assert result(await peer.ask(good)).author_id == 1


@pytest.mark.parametrize(
    "garbage",
    [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00" * 64, b"\xff" * 64, b"\x16\x03\x01" * 9],
)
async def test_input_that_is_not_thrift_closes_its_connection_only(rig, call, result, garbage):
    peer = await rig.connect()
    assert await peer.ask(garbage) is None
    assert result(await (await rig.connect()).ask(call(1))).author_id == 1


async def test_a_message_over_the_limit_closes_the_connection(bare_rig, call):
    rig = await bare_rig.start(message_size=1000)
    peer = await rig.connect()
    assert await peer.ask(call(name="UpdateVideoMethod", id=1, title="x" * 2000)) is None


async def test_requests_truncated_at_every_byte_do_no_harm(rig, call, result):
    for transport in Transport:
        data = call(5, transport)
        for length in range(len(data)):
            peer = await rig.connect()
            peer.writer.write(data[:length])
            peer.writer.write_eof()
            assert await peer.answer() is None
            peer.writer.close()
    assert result(await (await rig.connect()).ask(call(1))).author_id == 1
    assert rig.handler.started == 1


async def test_a_caller_beyond_the_connections_is_answered(
    bare_rig, call, result, exception, caplog
):
    rig = await bare_rig.start(connections=3)
    peers = [await rig.connect() for _ in range(3)]
    for peer in peers:
        assert result(await peer.ask(call(1))).author_id == 1
    for transport in (Transport.UNFRAMED, Transport.FRAMED):
        refused = await rig.connect()
        answer = await refused.ask(call(1, transport))
        assert exception(answer) == (6, "overloaded: not handled")
        assert await refused.answer() is None
    with pytest.raises(Overloaded):
        await rig.client().GetVideoAuthorIdMethod(id=1)
    assert rig.handler.started == 3
    with contextlib.suppress(ConnectionError):
        assert await (await rig.connect()).answer() is None
    assert len([r for r in caplog.records if "3 connections, the limit" in r.message]) == 1
    await eventually(lambda: not rig.server._refused)
    peers[0].writer.close()
    await eventually(lambda: len(rig.server.connections) == 2)
    assert result(await (await rig.connect()).ask(call(2))).author_id == 2


async def test_callers_that_do_not_read_are_cut_off_and_leave_nothing(bare_rig, call, result):
    """Forty that ask for much at once, as one large reply or as many."""
    rig = await bare_rig.start(message_size=1 << 20, send=1.0)
    one = call(name="GetVideoSetByIdSetMethod", id_set=list(range(4000)))
    peers = [await rig.connect() for _ in range(40)]
    most = 0
    for peer in peers:
        peer.reader._transport.pause_reading()
        for _ in range(20):
            peer.writer.write(one)
        await turns(5)
        waits = [each._transport.get_write_buffer_size() for each in rig.server.connections]
        most = max(most, sum(waits))
    await eventually(lambda: not rig.server.connections)
    assert most < 10 << 20, "eight of the largest messages, and what is written at a time"
    assert result(await (await rig.connect()).ask(call(1))).author_id == 1


async def test_an_idle_connection_is_closed(bare_rig, call, result):
    rig = await bare_rig.start(idle=0.2)
    peer = await rig.connect()
    assert result(await peer.ask(call(1))).author_id == 1
    assert await peer.answer() is None


async def test_the_callers_deadline_cancels_the_work(rig, call, exception):
    peer = await rig.connect()
    header = Header(1, {ttheader.RPC_TIMEOUT: "100"})
    answer = await peer.ask(call(408, Transport.TTHEADER, header=header))
    assert exception(answer)[0] == 6
    assert rig.handler.cancelled == 1


async def test_the_servers_own_deadline_cancels_the_work(bare_rig, call, exception):
    rig = await bare_rig.start(timeout=0.1)
    answer = await (await rig.connect()).ask(call(408))
    assert exception(answer)[0] == 6
    assert rig.handler.cancelled == 1


async def test_a_disconnect_cancels_the_call_in_flight(rig, call):
    peer = await rig.connect()
    peer.writer.write(call(408))
    await eventually(lambda: rig.handler.started == 1)
    peer.writer.transport.abort()
    await eventually(lambda: rig.handler.cancelled == 1)


async def test_stopping_finishes_calls_in_flight_and_accepts_no_connection(rig, call, result):
    busy, idle = await rig.connect(), await rig.connect()
    assert result(await idle.ask(call(1))).author_id == 1
    busy.writer.write(call(408, Transport.TTHEADER))
    await eventually(lambda: rig.handler.started == 2)
    stopping = asyncio.create_task(rig.server.stop(60))
    assert await idle.answer() is None
    with pytest.raises(ConnectionError):
        await rig.connect()
    rig.handler.gate.set()
    answer = await busy.answer()
    assert result(answer).author_id == 408
    assert answer.header.texts[ttheader.CONNECTION_CLOSES] == "1"
    assert await busy.answer() is None
    await stopping


async def test_stopping_cancels_calls_after_the_grace_period(rig, call):
    peer = await rig.connect()
    peer.writer.write(call(408))
    await eventually(lambda: rig.handler.started == 1)
    await rig.server.stop(0.1)
    assert await peer.answer() is None
    assert rig.handler.cancelled == 1


async def test_a_caller_that_does_not_read_its_replies_is_not_served(rig, call):
    peer = await rig.connect()
    one = call(name="GetVideoSetByIdSetMethod", id_set=list(range(2000)))
    peer.writer.transport.set_write_buffer_limits(0)
    peer.reader._transport.pause_reading()
    for _ in range(200):
        peer.writer.write(one)
    (connection,) = rig.server.connections
    await eventually(lambda: not connection._writable)
    await turns(100)
    assert connection._transport.get_write_buffer_size() < 2_000_000


async def test_the_request_id_and_persistent_values_reach_the_handler(rig, call):
    peer = await rig.connect()
    texts = {"RPC_PERSIST_REQUEST_ID": "abc", "RPC_PERSIST_X": "y", "RPC_TRANSIT_Z": "1"}
    await peer.ask(call(1, Transport.TTHEADER, header=Header(1, {}, texts)))
    assert rig.handler.seen == [{"RPC_PERSIST_REQUEST_ID": "abc", "RPC_PERSIST_X": "y"}]
    await peer.ask(call(1))
    assert len(rig.handler.seen[1]["RPC_PERSIST_REQUEST_ID"]) == 16


def test_a_handler_that_lacks_a_method_fails_at_construction_with_its_name():
    import idl
    from microkit.rpc.contract import Contract
    from microkit.rpc.server import Server, ServerLimits

    with pytest.raises(TypeError, match="CreateVideoMethod"):
        Server("x", Contract(idl.load("videomicro")), {"VideoService": object()}, ServerLimits())


@pytest.mark.parametrize("transport", [Transport.FRAMED, Transport.TTHEADER])
async def test_arguments_nested_too_deeply_are_refused_and_keep_the_connection(
    rig, call, result, exception, transport
):
    peer = await rig.connect()
    body = b"\x0c\x00\x09" * 100_000
    bad = encode(transport, CALL, b"GetVideoAuthorIdMethod", 1, body)
    assert exception(await peer.ask(bad))[0] == 7
    assert result(await peer.ask(call(1, transport))).author_id == 1


async def test_a_response_without_a_required_field_is_never_sent(rig, call, result, exception):
    async def incomplete(_request):
        return rig.server.methods["GetVideoAuthorIdMethod"].method.response(
            status=True, author_id=None
        )

    rig.server.methods["GetVideoAuthorIdMethod"].call = incomplete
    peer = await rig.connect()
    kind, text = exception(await peer.ask(call(1)))
    assert (kind, "author_id" in text) == (6, False)
    answer = await peer.ask(call(name="UpdateVideoMethod", id=1, title="t"))
    assert result(answer).status_msg == "t"


@pytest.mark.parametrize("asked", ["0", "", "-5", "soon", "1e3", "99999999999"])
async def test_an_invalid_deadline_leaves_the_servers_own(rig, call, result, asked):
    peer = await rig.connect()
    header = Header(1, {ttheader.RPC_TIMEOUT: asked})
    peer.writer.write(call(408, Transport.TTHEADER, header=header))
    await eventually(lambda: rig.handler.started == 1)
    await turns(100)
    rig.handler.gate.set()
    assert result(await peer.answer()).author_id == 408


async def test_a_callers_deadline_cannot_exceed_the_servers(bare_rig, call, exception):
    rig = await bare_rig.start(timeout=0.1)
    header = Header(1, {ttheader.RPC_TIMEOUT: "60000"})
    answer = await (await rig.connect()).ask(call(408, Transport.TTHEADER, header=header))
    assert exception(answer)[0] == 6


async def test_a_deadline_that_passed_keeps_the_connection(bare_rig, call, result, exception):
    rig = await bare_rig.start(timeout=0.1)
    peer = await rig.connect()
    peer.writer.write(call(408) + call(1))
    assert exception(await peer.answer())[0] == 6
    assert result(await peer.answer()).author_id == 1


async def test_a_connection_with_a_call_in_flight_is_not_idle(rig, call, result):
    peer = await rig.connect()
    peer.writer.write(call(408))
    await eventually(lambda: rig.handler.started == 1)
    (connection,) = rig.server.connections
    connection.idle_since -= 1e6
    rig.server._sweep()
    rig.handler.gate.set()
    assert result(await peer.answer()).author_id == 408


async def test_a_oneway_call_is_served_without_a_reply(rig, call):
    peer = await rig.connect()
    oneway = call(3, seqid=1).replace(b"\x80\x01\x00\x01", b"\x80\x01\x00\x04")
    answer = await peer.ask(oneway + call(4, seqid=2))
    assert (answer.seqid, rig.handler.started) == (2, 2)


async def test_a_thousand_pipelined_calls_are_answered_in_order(rig, call):
    peer = await rig.connect()
    peer.writer.write(b"".join(call(seqid=n) for n in range(1000)))
    assert [(await peer.answer()).seqid for _ in range(1000)] == list(range(1000))


async def test_calls_that_arrive_at_once_are_parsed_when_they_may_wait(rig, call):
    peer = await rig.connect()
    peer.writer.write(call(408, seqid=0))
    await eventually(lambda: rig.handler.started == 1)
    peer.writer.write(b"".join(call(seqid=n) for n in range(1, 1000)))
    (connection,) = rig.server.connections
    await eventually(lambda: connection._paused)
    assert connection.queued <= 65
    assert connection.buffered > connection.queued * len(call())
    rig.handler.gate.set()
    assert [(await peer.answer()).seqid for _ in range(1000)] == list(range(1000))
    assert (connection.buffered, rig.server._buffered) == (0, 0)


async def test_a_disconnect_drops_queued_calls(rig, call):
    peer = await rig.connect()
    peer.writer.write(call(408) + call(1) * 10)
    await eventually(lambda: rig.handler.started == 1)
    peer.writer.transport.abort()
    await eventually(lambda: rig.handler.cancelled == 1)
    await eventually(lambda: not rig.server.connections)
    await turns()
    assert rig.handler.started == 1


async def test_a_caller_that_reads_late_gets_every_reply(rig, call, result):
    peer = await rig.connect()
    one = call(name="GetVideoSetByIdSetMethod", id_set=list(range(2000)))
    peer.reader._transport.pause_reading()
    peer.writer.write(one * 60)
    await eventually(lambda: any(not each._writable for each in rig.server.connections))
    peer.reader._transport.resume_reading()
    for _ in range(60):
        assert len(result(await peer.answer()).video_set) == 2000


async def test_stopping_answers_calls_that_arrived_before(rig, call, result):
    peer = await rig.connect()
    peer.writer.write(call(408) + b"".join(call(n) for n in range(5)))
    await eventually(lambda: rig.handler.started == 1)
    stopping = asyncio.create_task(rig.server.stop(60))
    await eventually(lambda: rig.server.draining)
    rig.handler.gate.set()
    assert [result(await peer.answer()).author_id for _ in range(6)] == [408, 0, 1, 2, 3, 4]
    assert await peer.answer() is None
    await stopping


async def test_a_partial_message_is_completed_and_answered_while_draining(rig, call, result):
    peer, data = await rig.connect(), call(7)
    peer.writer.write(data[:20])
    await eventually(lambda: any(c._reader.partial for c in rig.server.connections))
    stopping = asyncio.create_task(rig.server.stop(60))
    await eventually(lambda: rig.server.draining)
    assert result(await peer.ask(data[20:])).author_id == 7
    assert await peer.answer() is None
    await stopping


@pytest.mark.parametrize("steps", range(5))
async def test_a_call_on_a_connection_that_is_not_accepted_yet_is_answered(rig, call, steps):
    """A caller that connects as the server begins to stop cannot know it."""
    loop = asyncio.get_running_loop()
    with socket.create_connection(("127.0.0.1", rig.port)) as late:
        late.sendall(call(1))
        for _ in range(steps):
            await asyncio.sleep(0)
        stopping = asyncio.create_task(rig.server.stop(60))
        late.setblocking(False)
        assert await loop.sock_recv(late, 1000)
        assert await loop.sock_recv(late, 1000) == b""
        await stopping
    assert rig.handler.started == 1


async def test_a_connection_made_after_the_stop_is_not_served(rig, call):
    await rig.server.stop(60)
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.setblocking(False)
        await loop.connect_accepted_socket(rig.server._connection, ours)
        with contextlib.suppress(ConnectionError):
            theirs.send(call(1))
            assert await loop.sock_recv(theirs, 1000) == b""
    assert not rig.server.connections
    assert rig.handler.started == 0


async def test_a_call_that_the_event_loop_has_not_read_keeps_its_connection(rig, call):
    loop = asyncio.get_running_loop()
    with socket.create_connection(("127.0.0.1", rig.port)) as caller:
        caller.setblocking(False)
        await loop.sock_sendall(caller, call(1))
        assert await loop.sock_recv(caller, 1000)
        (connection,) = rig.server.connections
        caller.send(call(2))
        connection.drain()
        assert await loop.sock_recv(caller, 1000)
        connection.drain()
        assert await loop.sock_recv(caller, 1000) == b""


async def test_a_handler_that_suppresses_its_cancellation_is_answered(bare_rig, call, result):
    rig = await bare_rig.start(timeout=0.1)
    method_handler = rig.server.methods["GetVideoAuthorIdMethod"]

    async def stubborn(request):
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return method_handler.method.response(status=True, author_id=request.id)

    method_handler.call = stubborn
    assert result(await (await rig.connect()).ask(call(6))).author_id == 6


async def test_persistent_values_do_not_leak_into_the_next_call(rig, call):
    peer = await rig.connect()
    texts = {"RPC_PERSIST_X": "mine"}
    both = call(1, Transport.TTHEADER, header=Header(1, {}, texts)) + call(2)
    peer.writer.write(both)
    await peer.answer()
    await peer.answer()
    assert [seen.get("RPC_PERSIST_X") for seen in rig.handler.seen] == ["mine", None]


async def test_hundreds_of_connections_are_served_concurrently(rig, call, result):
    async def one(number):
        peer = await rig.connect()
        assert result(await peer.ask(call(number))).author_id == number

    await asyncio.gather(*map(one, range(200)))


async def test_queued_calls_are_bounded_in_bytes_per_connection(start_rig, call):
    rig = await start_rig(message_size=1 << 20)
    peer = await rig.connect()
    peer.writer.write(call(408))
    await eventually(lambda: rig.handler.started == 1)
    large = call(name="UpdateVideoMethod", id=1, title="x" * (1 << 19))
    peer.writer.write(large * 60)
    (connection,) = rig.server.connections
    await eventually(lambda: connection._paused)
    await turns(100)
    assert connection.buffered < 3 << 20
    rig.handler.gate.set()
    for _ in range(61):
        assert (await peer.answer()).kind == 2
    assert (connection.buffered, rig.server._buffered) == (0, 0)


async def test_partial_messages_are_bounded_in_bytes_over_all_connections(start_rig, call, result):
    rig = await start_rig(message_size=1 << 16)
    for _ in range(40):
        peer = await rig.connect()
        peer.writer.write((60_000).to_bytes(4, "big") + b"\x80\x01\x00\x01" + bytes(50_000))
    await eventually(lambda: len(rig.server.connections) < 25)
    assert rig.server._buffered <= 16 << 16
    answer = await (await rig.connect()).ask(call(1))
    assert result(answer).author_id == 1


async def test_a_message_sent_byte_by_byte_counts_as_idle(start_rig, call):
    rig = await start_rig(idle=0.3)
    peer = await rig.connect()
    drops = call(1)[:-1]
    with contextlib.suppress(ConnectionError):
        for drop in drops:
            peer.writer.write(bytes([drop]))
            await asyncio.sleep(0.05)  # a sixth of the idle time: the pace is the subject
            if not rig.server.connections:
                break
    await eventually(lambda: not rig.server.connections)
    assert rig.handler.started == 0


@pytest.mark.parametrize("kind", [0, 2, 3, 5])
async def test_a_message_that_is_not_a_call_is_refused(rig, call, exception, kind):
    peer = await rig.connect()
    data = bytearray(call(7))
    data[7] = kind
    assert exception(await peer.ask(bytes(data)))[0] == 7
    assert rig.handler.started == 0


async def test_stopping_answers_calls_that_are_on_their_way(start_rig):
    """With fixed addresses clients get no notice before the server stops."""
    rigs = [await start_rig() for _ in range(2)]
    client = rigs[0].client(*(Instance("127.0.0.1", rig.port) for rig in rigs))
    stop = asyncio.Event()

    async def work():
        while not stop.is_set():
            await client.GetVideoAuthorIdMethod(id=1)

    tasks = [asyncio.create_task(work()) for _ in range(16)]
    await eventually(lambda: rigs[0].handler.started > 50)
    await rigs[0].server.stop(60)
    before = rigs[1].handler.started
    await eventually(lambda: rigs[1].handler.started > before + 50)
    stop.set()
    await asyncio.gather(*tasks)


async def test_stopping_waits_for_the_cleanup_of_cancelled_calls(start_rig, call):
    rig = await start_rig()
    started, cleaned = asyncio.Event(), asyncio.Event()

    async def slow(_request):
        try:
            started.set()
            await asyncio.Event().wait()
        finally:
            await turns()
            cleaned.set()

    rig.server.methods["GetVideoAuthorIdMethod"].call = slow
    peer = await rig.connect()
    peer.writer.write(call(1))
    await started.wait()
    await rig.server.stop(0.1)
    assert cleaned.is_set()


@pytest.fixture
def ended(monkeypatch):
    """The types of the errors that the server's calls ended with, in order."""
    errors = []

    def observer(operation):
        return lambda _, error: operation.side == "rpc_server" and errors.append(type(error))

    monkeypatch.setattr(observe, "observers", [observer])
    return errors


async def test_a_cancelled_call_is_recorded_as_deadline_or_disconnect(bare_rig, call, ended):
    rig = await bare_rig.start(timeout=0.1)
    peer = await rig.connect()
    await peer.ask(call(408))
    peer.writer.write(call(408))
    await eventually(lambda: rig.handler.started == 2)
    peer.writer.transport.abort()
    await eventually(lambda: len(ended) == 2)
    assert ended == [DeadlineExceeded, asyncio.CancelledError]


async def test_a_handler_that_cancels_itself_is_an_internal_error(rig, call, exception, ended):
    async def cancel(_: object) -> None:
        raise asyncio.CancelledError

    rig.server.methods["GetVideoAuthorIdMethod"].call = cancel
    assert exception(await (await rig.connect()).ask(call())) == (6, "internal error")
    assert ended == [asyncio.CancelledError]


async def test_a_call_cancelled_by_stopping_gets_no_reply(rig, call, ended):
    peer = await rig.connect()
    peer.writer.write(call(408))
    await eventually(lambda: rig.handler.started == 1)
    await rig.server.stop(0)
    assert await peer.answer() is None
    assert ended == [asyncio.CancelledError]
