"""TTHeader, byte by byte."""

import struct

import pytest

from microkit.rpc import ttheader
from microkit.rpc.transport import CALL, ProtocolError, Reader, Transport, encode
from microkit.rpc.ttheader import MAX_SIZE, Header, HeaderError

PAYLOAD = b"the payload"


def message(infos: bytes, protocol=0, transforms=0, magic=ttheader.MAGIC, words=None) -> bytes:
    """A message with a hand-made header; its infos are padded."""
    body = bytes((protocol, transforms)) + infos
    body += bytes(-len(body) % 4)
    words = len(body) // 4 if words is None else words
    fixed = struct.pack(">HHIH", magic, 0, 77, words)
    return struct.pack(">I", len(fixed) + len(body) + len(PAYLOAD)) + fixed + body + PAYLOAD


def pair(key: str, value: str) -> bytes:
    return b"".join(struct.pack(">H", len(s.encode())) + s.encode() for s in (key, value))


def test_a_header_survives_a_round_trip():
    header = Header(-5, {3: "调用者", 9: "Method", 12: "100"}, {"RPC_PERSIST_A": "一", "b": ""})
    decoded, end = ttheader.decode(ttheader.encode(header, PAYLOAD) + b"")
    assert (decoded.integers, decoded.texts) == (header.integers, header.texts)
    assert ttheader.encode(header, PAYLOAD)[end:] == PAYLOAD
    assert decoded.seqid == 2**32 - 5


@pytest.mark.parametrize("length", range(9))
def test_the_infos_are_padded_to_a_multiple_of_4_and_their_length_is_right(length):
    data = ttheader.encode(Header(1, {}, {"k": "v" * length}), PAYLOAD)
    assert struct.unpack_from(">I", data)[0] == len(data) - 4
    words = struct.unpack_from(">H", data, 12)[0]
    assert data[14 + 4 * words :] == PAYLOAD
    assert ttheader.decode(data)[0].texts == {"k": "v" * length}


def test_the_bytes_equal_those_of_kitex():
    data = ttheader.encode(Header(7, {22: "2"}, {"crrst": "1"}), b"\x80\x01")
    assert data == (
        b"\x00\x00\x00\x24\x10\x00\x00\x00\x00\x00\x00\x07\x00\x06"
        b"\x00\x00"
        b"\x10\x00\x01\x00\x16\x00\x012"
        b"\x01\x00\x01\x00\x05crrst\x00\x011\x00"
        b"\x80\x01"
    )  # fmt: skip


def test_infos_of_all_kinds_are_read_in_any_order_with_padding_between():
    infos = (
        b"\x11" + struct.pack(">H", 3) + b"acl"
        + b"\x00\x00"
        + b"\x01" + struct.pack(">H", 2) + pair("RPC_PERSIST_X", "1") + pair("RPC_TRANSIT_Y", "2")
        + b"\x10" + struct.pack(">HH", 1, 12) + b"\x00\x0350\x30"
        + b"\x01" + struct.pack(">H", 1) + pair("isn", "VideoService")
    )  # fmt: skip
    header, end = ttheader.decode(message(infos))
    assert header.seqid == 77
    assert header.integers == {ttheader.RPC_TIMEOUT: "500"}
    assert header.texts == {"RPC_PERSIST_X": "1", "RPC_TRANSIT_Y": "2", "isn": "VideoService"}
    assert header.persistent() == {"RPC_PERSIST_X": "1"}
    assert message(infos)[end:] == PAYLOAD


def test_a_header_without_infos_is_read():
    header, end = ttheader.decode(message(b""))
    assert (header.integers, header.texts) == ({}, {})
    assert message(b"")[end:] == PAYLOAD


@pytest.mark.parametrize(
    "data",
    [
        message(b"", protocol=2),
        message(b"", transforms=1),
        message(b"", words=0),
        message(b"", words=0xFFFF),
        message(b"\x07"),
        message(b"\x01\x00"),
        message(b"\x01\x00\x05" + pair("k", "v")),
        message(b"\x01\x00\x01\xff\xffk"),
        message(b"\x10\x00\x01\x00\x16\x00\x7f1"),
        message(b"\x11\x7f\xff"),
    ],
)
def test_malformed_infos_are_refused(data):
    with pytest.raises(HeaderError):
        ttheader.decode(data)
    with pytest.raises(ProtocolError, match="TTHeader"):
        list(Reader(1 << 20).feed(data))


def test_apache_theader_is_refused():
    with pytest.raises(ProtocolError, match="no Thrift message"):
        list(Reader(1 << 20).feed(message(b"", magic=0x0FFF)))


def test_invalid_utf_8_is_replaced():
    infos = b"\x01\x00\x01\x00\x02\xff\xfe\x00\x01\xff"
    assert ttheader.decode(message(infos))[0].texts == {"\ufffd\ufffd": "\ufffd"}


@pytest.mark.parametrize(
    "texts",
    [
        {"k": "v" * 70_000},
        {"k" * 70_000: "v"},
        {"k": "中" * 30_000},
        {"a": "v" * 33_000, "b": "v" * 33_000},
        {str(n): "" for n in range(70_000)},
    ],
)
def test_metadata_over_the_header_size_are_refused(texts):
    with pytest.raises(HeaderError, match="at most"):
        ttheader.encode(Header(1, {}, texts), PAYLOAD)


def test_metadata_just_below_the_limit_are_accepted():
    header = Header(1, {}, {"k": "v" * (MAX_SIZE - 20)})
    assert ttheader.decode(ttheader.encode(header, PAYLOAD))[0] == header


@pytest.mark.parametrize("transport", [Transport.TTHEADER, Transport.TTHEADER_FRAMED])
def test_the_payload_may_be_framed_or_not(transport):
    data = encode(transport, CALL, b"m", 3, b"\x00", Header(3, {}, {"a": "b"}))
    (read,) = Reader(1 << 20).feed(data)
    assert (read.transport, read.name, read.seqid) == (transport, "m", 3)
    assert read.header.texts == {"a": "b"}
    assert read.body[read.start :] == b"\x00"


@pytest.mark.parametrize("payload", [b"", b"\x00", b"\x80\x01", b"\x00\x00\x00\x00", b"x" * 40])
def test_a_header_before_an_invalid_payload_is_refused(payload):
    with pytest.raises(ProtocolError):
        list(Reader(1 << 20).feed(ttheader.encode(Header(1), payload)))
