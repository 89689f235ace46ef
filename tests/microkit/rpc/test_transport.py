"""Thrift messages to bytes and back, in four transports."""

import itertools
import random
import struct
import time

import pytest

from microkit.rpc.transport import CALL, ProtocolError, Reader, Transport, encode

MAX = 1 << 24


def messages(pieces, limit=MAX):
    reader = Reader(limit)
    return [message for piece in pieces for message in reader.feed(piece)]


@pytest.mark.parametrize("transport", Transport)
def test_a_message_arrives_in_any_fragmentation(call, transport):
    data = call(5, transport, seqid=9)
    for size in (1, 2, 3, 7, len(data)):
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        (message,) = messages(pieces)
        assert (message.transport, message.name) == (transport, "GetVideoAuthorIdMethod")
        assert (message.seqid, message.kind) == (9, CALL)


def test_messages_of_all_transports_are_read_from_one_buffer(call):
    data = b"".join(call(1, transport, seqid=n) for n, transport in enumerate(Transport))
    assert [m.transport for m in messages([data])] == list(Transport)
    assert [m.seqid for m in messages([bytes([b]) for b in data])] == [0, 1, 2, 3]


@pytest.mark.parametrize("transport", Transport)
def test_a_truncated_message_is_not_delivered(call, transport):
    data = call(5, transport)
    for length in range(len(data)):
        assert messages([data[:length]]) == []


@pytest.mark.parametrize("transport", Transport)
def test_a_message_over_the_limit_is_refused_before_it_arrives(call, transport):
    data = call(name="UpdateVideoMethod", id=1, title="x" * 5000, transport=transport)
    with pytest.raises(ProtocolError, match="at most 1000"):
        messages([data[:100]], limit=1000)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",  # TLS
        bytes(8),
        b"\xff" * 16,
        b"\x80\x01\x00\x01\xff\xff\xff\xff",  # a name of a negative length
        b"\x80\x01\x00\x01\x00\x00\xff\xff",  # a name too long
        struct.pack(">I", 20) + b"\x80\x01\x00\x01" + struct.pack(">i", 500) + bytes(12),
        struct.pack(">I", 6) + b"\x80\x01\x00\x01\x00\x00",
        struct.pack(">IHHIH", 30, 0x1000, 0, 1, 0xFFFF) + bytes(20),
    ],
)
def test_bytes_that_are_not_a_thrift_message_are_refused(data):
    with pytest.raises(ProtocolError):
        messages([data])


HEAD = b"\x80\x01\x00\x01\x00\x00\x00\x01m\x00\x00\x00\x01"


@pytest.mark.parametrize(
    "body",
    [
        b"\x0b\x00\x01\xff\xff\xff\xff",  # a text of a negative length
        b"\x0f\x00\x01\x08\xff\xff\xff\xff",  # a list of a negative length
        b"\x0f\x00\x01\x63\x00\x00\x00\x05",  # a list of an unknown type
        b"\x63\x00\x01",  # a field of an unknown type
        b"\x0b\x00\x01\x7f\xff\xff\xff",  # a text longer than allowed
        b"\x0f\x00\x01\x0c\x7f\xff\xff\xff" + bytes(0),  # two billion structs
    ],
)
def test_an_unframed_message_with_an_invalid_length_or_type_is_refused(body):
    try:
        got = messages([HEAD + body], limit=1 << 20)
    except ProtocolError:
        return
    assert got == [], "it waits for what will never come, which the idle limit ends"


def test_a_message_nested_too_deeply_is_refused():
    for body in (b"\x0c\x00\x01" * 100, b"\x0f\x00\x01" + b"\x0f\x00\x00\x00\x01" * 100):
        with pytest.raises(ProtocolError, match="nested"):
            messages([HEAD + body])


def test_a_large_unframed_message_in_small_pieces_takes_linear_time(call):
    data = call(
        name="GetVideoSetByIdSetMethod", transport=Transport.UNFRAMED, id_set=list(range(300_000))
    )
    pieces = [data[at : at + 4096] for at in range(0, len(data), 4096)]
    reader, steps = Reader(MAX), 0
    for piece in pieces:
        steps += len(list(reader.feed(piece)))
    assert steps == 1


def test_the_end_of_an_unframed_message_is_found_behind_every_type_of_value():
    body = (
        b"\x02\x00\x01\x01\x03\x00\x02\x05\x06\x00\x03\x00\x01\x08\x00\x04" + bytes(4)
        + b"\x0a\x00\x05" + bytes(8) + b"\x04\x00\x06" + bytes(8)
        + b"\x0b\x00\x07\x00\x00\x00\x02ab"
        + b"\x0c\x00\x08" + b"\x08\x00\x01" + bytes(4) + b"\x00"
        + b"\x0d\x00\x09\x0b\x0c\x00\x00\x00\x02" + (b"\x00\x00\x00\x01k" + b"\x00") * 2
        + b"\x0e\x00\x0a\x08\x00\x00\x00\x02" + bytes(8)
        + b"\x0f\x00\x0b\x0b\x00\x00\x00\x02" + b"\x00\x00\x00\x01x" * 2
        + b"\x0f\x00\x0c\x0f\x00\x00\x00\x02" + b"\x08\x00\x00\x00\x01\x00\x00\x00\x05" * 2
        + b"\x0d\x00\x0d\x00\x00\x00\x00\x00\x00"
        + b"\x00"
    )  # fmt: skip
    for size in (1, 1000):
        data = HEAD + body
        got = messages([data[at : at + size] for at in range(0, len(data), size)])
        assert [len(message.body) for message in got] == [len(data)]


def test_a_frame_of_another_length_than_its_message_is_refused(call):
    framed = encode(Transport.TTHEADER_FRAMED, CALL, b"m", 1, b"\x00")
    broken = framed.replace(struct.pack(">I", 14), struct.pack(">I", 13))
    with pytest.raises(ProtocolError, match="frame"):
        messages([broken])


def test_a_mixed_stream_is_read_in_any_fragmentation(call):
    chance = random.Random(20)
    sent = [
        call(name="UpdateVideoMethod", id=n, title="标" * n, transport=transport, seqid=n)
        for n, transport in enumerate(list(Transport) * 10)
    ]
    data = b"".join(sent)
    for _ in range(20):
        cuts = sorted(chance.sample(range(len(data)), chance.randint(1, 60)))
        pieces = [data[a:b] for a, b in itertools.pairwise([0, *cuts, len(data)])]
        got = messages(pieces)
        assert [m.seqid for m in got] == list(range(len(sent)))
        assert [m.transport for m in got] == list(Transport) * 10
        assert [m.body for m in got] == sent


@pytest.mark.parametrize("transport", Transport)
def test_a_message_of_the_largest_size_passes_and_one_byte_more_is_refused(call, transport):
    data = call(name="UpdateVideoMethod", id=1, title="x" * 500, transport=transport)
    for size in (1, 64, len(data)):
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        assert len(messages(pieces, limit=len(data))) == 1
        with pytest.raises(ProtocolError, match=f"at most {len(data) - 1} are allowed"):
            messages(pieces, limit=len(data) - 1)


def test_an_unframed_message_of_many_small_values_is_bounded_too():
    endless = [HEAD, *[b"\x0b\x00\x01\x00\x00\x00\x00" * 10] * 1000]
    with pytest.raises(ProtocolError, match="at most 10000"):
        messages(endless, limit=10_000)


def test_complete_messages_before_invalid_bytes_are_delivered():
    reader, got = Reader(MAX), []
    good = encode(Transport.FRAMED, CALL, b"m", 1, b"\x00")
    with pytest.raises(ProtocolError):
        got.extend(reader.feed(good + good + b"GET / HTTP/1.1"))
    assert len(got) == 2


@pytest.mark.parametrize("transport", Transport)
def test_a_reader_reports_a_partial_message(call, transport):
    reader, data = Reader(MAX), call(1, transport)
    assert not reader.partial
    list(reader.feed(data + data[:3]))
    assert reader.partial
    list(reader.feed(data[3:]))
    assert not reader.partial


@pytest.mark.parametrize("depth", [60, 70])
@pytest.mark.parametrize(
    ("down", "up"),
    [
        (b"\x0c\x00\x01", b"\x00"),
        (b"\x0f\x00\x01\x0c\x00\x00\x00\x01", b"\x00"),
        (b"\x0d\x00\x01\x0b\x0c\x00\x00\x00\x01\x00\x00\x00\x00", b"\x00"),
    ],
)
def test_nesting_is_counted_for_every_kind_of_container(down, up, depth):
    levels = depth if down[0] == 0x0C else depth // 2
    body = down * levels + up * levels + b"\x00"
    if depth < 64:
        assert len(messages([HEAD + body])) == 1
    else:
        with pytest.raises(ProtocolError, match="nested more than 64 levels"):
            messages([HEAD + body])


def test_an_unframed_message_of_structs_in_small_pieces_is_looked_at_once(call):
    item = b"\x0a\x00\x01" + bytes(8) + b"\x0b\x00\x02\x00\x00\x00\x1e" + b"t" * 30 + b"\x00"
    count = 2_000_000 // len(item)
    data = HEAD + b"\x0f\x00\x01\x0c" + struct.pack(">i", count) + item * count + b"\x00"

    def seconds(size):
        started = time.process_time()
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        assert [len(m.body) for m in messages(pieces)] == [len(data)]
        return time.process_time() - started

    # A reader that began anew with each of the 500 pieces would take 250 times as long.
    assert seconds(4096) < 20 * seconds(len(data)) + 0.5


@pytest.mark.parametrize("kind", [0, 1, 5, 7, 9, 16, 17, 255])
def test_a_container_of_an_unknown_type_is_refused(kind):
    for body in (
        b"\x0f\x00\x01%c",
        b"\x0e\x00\x01%c",
        b"\x0d\x00\x01\x08%c",
        b"\x0d\x00\x01%c\x08",
    ):
        with pytest.raises(ProtocolError, match=r"unknown (element )?type"):
            messages([HEAD + body % kind + b"\x00\x00\x00\x01" + bytes(20)])


@pytest.mark.parametrize("transport", Transport)
@pytest.mark.parametrize("length", [-1, -(2**31), 257, 2**31 - 1])
def test_a_method_name_of_an_invalid_length_is_refused(transport, length):
    data = encode(transport, CALL, b"method", 1, b"\x00")
    lying = data.replace(b"\x00\x00\x00\x06method", struct.pack(">i", length) + b"method")
    assert lying != data
    with pytest.raises(ProtocolError, match="method name"):
        messages([lying])


@pytest.mark.parametrize("kind", [1, 2, 3, 4])
@pytest.mark.parametrize("transport", Transport)
def test_the_envelope_survives_a_round_trip(transport, kind):
    name = "方法" * 40
    (read,) = messages([encode(transport, kind, name.encode(), -7, b"\x00")])
    assert (read.kind, read.name, read.seqid) == (kind, name, -7)
    assert read.body[read.start :] == b"\x00"
