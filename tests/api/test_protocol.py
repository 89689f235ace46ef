"""Bytes on an HTTP connection: where requests begin, and that bodies are unchanged."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from fleet import eventually, turns

from api import protocol
from api.protocol import Runner

PING = b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
TYPED = "GET /ping?name=林 HTTP/1.1\r\nHost: x\r\n\r\n".encode()
LIKE_A_REQUEST = [
    "GET /ping?名字 HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    b"GET /\xff" + b"\xfe" * 20 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /ping HTTP/1.1\r\nX: \xff\r\n\r\n",
    b"POST /echo HTTP/1.1\r\nContent-Length: 3\r\n\r\n\xff\xff\xff",
]


def post(path: bytes, body: bytes) -> bytes:
    head = b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    return head % (path, len(body)) + body


def chunked(body: bytes) -> bytes:
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async def ping(request: web.Request) -> web.Response:
        return web.Response(text=f"pong {request.query.get('name', '')}")

    async def echo(request: web.Request) -> web.Response:
        return web.Response(body=b"<" + await request.read() + b">")

    app = web.Application()
    app.router.add_get("/ping", ping)
    app.router.add_post("/echo", echo)
    runner = Runner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def answers(port: int, *segments: bytes) -> list[bytes]:
    """Send each segment after the server has read the previous ones; return every body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found = []
    try:
        for segment in segments:
            writer.write(segment)
            # The server shares this event loop: it reads within the next iterations.
            for _ in range(8):
                await asyncio.sleep(0)
        while head := await asyncio.wait_for(reader.read(1), 60):
            head += await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            found.append(head.split()[1] + b" " + await reader.readexactly(length))
    finally:
        writer.close()
    return found


def splits(whole: bytes) -> list[tuple[bytes, bytes]]:
    return [(whole[:at], whole[at:]) for at in range(1, len(whole))]


@pytest.mark.parametrize("body", LIKE_A_REQUEST)
@pytest.mark.parametrize("path", [b"/echo", b"/nope"])
async def test_a_body_that_looks_like_a_request_gets_no_response_of_its_own(port, body, path):
    sent = post(path, body) + LAST
    expected = b"200 <" + body + b">" if path == b"/echo" else b"404 404: Not Found"
    for before, after in splits(sent):
        assert await answers(port, before, after) == [expected, b"200 pong "], before[-20:]


@pytest.mark.parametrize("body", LIKE_A_REQUEST)
async def test_a_chunked_body_that_looks_like_a_request_is_unchanged(port, body):
    sent = chunked(body) + LAST
    for before, after in splits(sent):
        expected = [b"200 <" + body + b">", b"200 pong "]
        assert await answers(port, before, after) == expected, before[-20:]


async def test_pipelined_requests_are_answered_in_order_whatever_the_segments(port):
    sent = PING + post(b"/echo", LIKE_A_REQUEST[0]) + PING + chunked(LIKE_A_REQUEST[1]) + LAST
    expected = [
        b"200 pong ",
        b"200 <" + LIKE_A_REQUEST[0] + b">",
        b"200 pong ",
        b"200 <" + LIKE_A_REQUEST[1] + b">",
        b"200 pong ",
    ]
    for before, after in splits(sent):
        assert await answers(port, before, after) == expected, before[-20:]
    assert await answers(port, *(sent[at : at + 1] for at in range(len(sent)))) == expected


async def test_a_url_in_raw_utf8_is_accepted_whatever_the_segments(port):
    expected = ["200 pong 林".encode()]
    sent = TYPED.removesuffix(b"\r\n") + b"Connection: close\r\n\r\n"
    for before, after in splits(sent):
        assert await answers(port, before, after) == expected
    assert await answers(port, *(sent[at : at + 1] for at in range(len(sent)))) == expected


async def test_a_url_in_raw_utf8_is_accepted_on_a_used_connection(port):
    found = await answers(port, PING, TYPED, TYPED, LAST)
    assert found == [b"200 pong ", *["200 pong 林".encode()] * 2, b"200 pong "]


async def test_bytes_that_may_belong_to_a_body_are_unchanged(port):
    """At worst a request is refused: bytes of a body are never parsed as a request."""
    answered, refused = await answers(port, post(b"/echo", b"x"), TYPED)
    assert answered == b"200 <x>"
    assert refused.startswith(b'400 {"status_code":10002')


@pytest.fixture
def parsed(monkeypatch) -> list[int]:
    """The sizes of the segments that aiohttp parses."""
    sizes: list[int] = []
    real = RequestHandler.data_received

    def spy(self: RequestHandler, data: bytes) -> None:
        sizes.append(len(data))
        real(self, data)

    monkeypatch.setattr(RequestHandler, "data_received", spy)
    return sizes


def one_byte_chunks(size: int) -> bytes:
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"1\r\nx\r\n" * size + b"0\r\n\r\n"


async def test_chunked_bodies_are_parsed_in_pieces_and_others_take_turns(port, parsed):
    size = 40_000
    whole = one_byte_chunks(size) + LAST
    busy = [asyncio.create_task(answers(port, whole)) for _ in range(4)]
    await eventually(lambda: parsed)
    assert await answers(port, LAST) == [b"200 pong "]
    assert not any(task.done() for task in busy)
    for answer in await asyncio.gather(*busy):
        assert answer == [b"200 <" + b"x" * size + b">", b"200 pong "]
    assert max(parsed) == 16 << 10


async def test_a_body_of_known_length_is_parsed_as_it_arrives(port, parsed):
    body = bytes(range(256)) * 2000
    assert await answers(port, post(b"/echo", body) + LAST) == [
        b"200 <" + body + b">",
        b"200 pong ",
    ]
    assert max(parsed) > 16 << 10


async def test_pipelined_requests_are_answered_in_order_whatever_the_pieces(port, monkeypatch):
    sent = PING + post(b"/echo", LIKE_A_REQUEST[0]) + chunked(LIKE_A_REQUEST[1]) + LAST
    expected = [
        b"200 pong ",
        b"200 <" + LIKE_A_REQUEST[0] + b">",
        b"200 <" + LIKE_A_REQUEST[1] + b">",
        b"200 pong ",
    ]
    for size in (1, 7):
        monkeypatch.setattr(protocol, "_PIECE_BYTES", size)
        assert await answers(port, sent) == expected
        for before, after in splits(sent):
            assert await answers(port, before, after) == expected, (size, before[-20:])


async def test_a_client_that_leaves_with_pieces_unparsed_disturbs_nobody(port, monkeypatch):
    monkeypatch.setattr(protocol, "_PIECE_BYTES", 64)
    leaving = [await asyncio.open_connection("127.0.0.1", port) for _ in range(8)]
    for _, writer in leaving:
        writer.write(one_byte_chunks(20_000))
    await turns()
    for _, writer in leaving:
        writer.transport.abort()
    assert await answers(port, one_byte_chunks(100) + LAST) == [
        b"200 <" + b"x" * 100 + b">",
        b"200 pong ",
    ]


async def test_a_fault_in_one_long_segment_stops_no_other(port, monkeypatch):
    real = RequestHandler.data_received

    def faulty(self: RequestHandler, data: bytes) -> None:
        if b"fault" in data:
            raise ArithmeticError
        real(self, data)

    monkeypatch.setattr(RequestHandler, "data_received", faulty)
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    broken = answers(port, one_byte_chunks(40_000).replace(b"0\r\n\r\n", b"fault"))
    expected = [b"200 <" + b"x" * 40_000 + b">", b"200 pong "]
    assert await asyncio.gather(broken, answers(port, one_byte_chunks(40_000) + LAST)) == [
        [],
        expected,
    ]
