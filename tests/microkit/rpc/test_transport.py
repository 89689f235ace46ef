"""Bytes to messages and back."""

import struct

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


def test_messages_of_all_transports_follow_each_other_in_one_piece(call):
    data = b"".join(call(1, transport, seqid=n) for n, transport in enumerate(Transport))
    assert [m.transport for m in messages([data])] == list(Transport)
    assert [m.seqid for m in messages([bytes([b]) for b in data])] == [0, 1, 2, 3]


@pytest.mark.parametrize("transport", Transport)
def test_a_truncated_message_is_no_message(call, transport):
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
def test_what_is_no_thrift_message_is_refused(data):
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
def test_lengths_that_lie_end_an_unframed_message(body):
    try:
        got = messages([HEAD + body], limit=1 << 20)
    except ProtocolError:
        return
    assert got == [], "it waits for what will never come, which the idle limit ends"


def test_nesting_too_deep_is_refused():
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


def test_every_kind_of_value_is_skipped_to_the_messages_end():
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
