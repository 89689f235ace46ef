"""Messages of very many elements are refused before anything is built from them."""

import contextlib
import struct

import pytest

from microkit.errors import ServiceError
from microkit.rpc.exception import INTERNAL_ERROR, PROTOCOL_ERROR
from microkit.rpc.transport import CALL, Transport, encode

METHOD = "GetVideoSetByIdSetMethod"
FRAMED = [Transport.FRAMED, Transport.TTHEADER_FRAMED]
STRUCT, LIST, MAP, I64, BOOL = 12, 15, 13, 10, 2
STOP = b"\x00"
MILLIONS = 15_000_000


def field(kind, number, value):
    return struct.pack(">bh", kind, number) + value


def values(kind, count, value):
    return struct.pack(">bi", kind, count) + value * count


def request(ids, more=b""):
    """The arguments of METHOD: ids, then other fields."""
    return field(STRUCT, 1, field(LIST, 1, ids) + more + STOP) + STOP


ID = struct.pack(">q", 7)
FLOODS = {
    "empty structs": request(
        values(I64, 0, b""), field(LIST, 999, values(STRUCT, MILLIONS, STOP))
    ),
    "ids": request(values(I64, 1_900_000, ID)),
    "fields": request(values(I64, 0, b""), field(BOOL, 999, b"\x01") * 4_000_000),
    "empty lists": request(
        values(I64, 0, b""), field(LIST, 999, values(LIST, 3_000_000, values(BOOL, 0, b"")))
    ),
    "lists": request(values(I64, 0, b""), field(LIST, 999, values(I64, 9000, ID)) * 9),
    "keys": request(
        values(I64, 0, b""),
        field(MAP, 999, struct.pack(">bbi", I64, STRUCT, 1_500_000) + (ID + STOP) * 1_500_000),
    ),
}  # fmt: skip


@pytest.mark.parametrize("transport", FRAMED)
@pytest.mark.parametrize("flood", FLOODS)
async def test_a_flood_of_elements_is_answered_with_a_protocol_error(
    rig, call, result, exception, transport, flood
):
    peer = await rig.connect()
    refused = exception(await peer.ask(encode(transport, CALL, METHOD.encode(), 3, FLOODS[flood])))
    assert refused == (PROTOCOL_ERROR, "more than 25000 elements")
    assert result(await peer.ask(call(7))).author_id == 7, "the connection is kept"


@pytest.mark.parametrize("flood", FLOODS)
async def test_an_unframed_flood_ends_its_connection_as_soon_as_its_size_is_known(rig, flood):
    peer = await rig.connect()
    data = encode(Transport.UNFRAMED, CALL, METHOD.encode(), 3, FLOODS[flood])
    begun = data if flood in ("fields", "lists") else data[:100]
    with contextlib.suppress(ConnectionResetError):
        assert await peer.ask(begun) is None


@pytest.mark.parametrize("transport", Transport)
async def test_as_many_ids_as_a_call_may_ask_for_are_let_in(rig, transport):
    peer = await rig.connect()
    ids = request(values(I64, 10_000, ID))
    answer = await peer.ask(encode(transport, CALL, METHOD.encode(), 3, ids))
    assert answer.kind == 2


async def test_a_small_message_may_not_claim_more_than_the_limit(bare_rig, exception):
    rig = await bare_rig.start(elements=100)
    peer = await rig.connect()
    data = encode(Transport.FRAMED, CALL, METHOD.encode(), 3, request(values(I64, 101, ID)))
    assert exception(await peer.ask(data))[0] == PROTOCOL_ERROR


async def test_a_reply_with_a_longer_list_than_the_limit_is_an_error_of_the_service(rig):
    client = rig.client(rpc_max_elements=100)
    assert len((await client.GetVideoSetByIdSetMethod(id_set=[1] * 100)).video_set) == 100
    with pytest.raises(ServiceError):
        await client.GetVideoSetByIdSetMethod(id_set=[1] * 101)


async def test_a_reply_that_is_larger_than_a_message_is_an_error(bare_rig, call, result, exception):
    rig = await bare_rig.start(message_size=5000)
    peer = await rig.connect()
    ids = request(values(I64, 100, ID))
    data = encode(Transport.FRAMED, CALL, METHOD.encode(), 3, ids)
    assert exception(await peer.ask(data))[0] == INTERNAL_ERROR
    assert result(await peer.ask(call(7))).author_id == 7, "the connection is kept"
