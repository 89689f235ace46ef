"""A server that stops answers what was sent to it."""

import asyncio
import errno
import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from fleet import eventually

from api import connections as connections_module
from api.connections import Limits
from api.protocol import Runner
from microkit.listening import accept_pending

PING = b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"
WAIT = b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"
UPLOAD = b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n"
PATIENT = 60.0


class Site:
    """A server that stops when told to."""

    def __init__(self, drain_seconds: float) -> None:
        app = web.Application()
        app.router.add_get("/ping", self.ping)
        app.router.add_get("/wait", self.wait)
        app.router.add_post("/upload", self.upload)
        self.runner = Runner(app, Limits(), drain_seconds, access_log=None)
        self.go_on = asyncio.Event()
        self.handling = 0
        self.received: list[bytes] = []
        self.port = 0

    async def ping(self, _: web.Request) -> web.Response:
        return web.Response(text="pong")

    async def wait(self, _: web.Request) -> web.Response:
        self.handling += 1
        await self.go_on.wait()
        return web.Response(text="waited")

    async def upload(self, request: web.Request) -> web.Response:
        self.handling += 1
        self.received.append(await request.read())
        return web.Response(text="stored")

    def stop(self) -> asyncio.Task[None]:
        return asyncio.create_task(self.runner.cleanup())


@pytest.fixture
async def open_site() -> AsyncIterator:
    opened: list[Site] = []

    async def open_(drain_seconds: float = PATIENT) -> Site:
        site = Site(drain_seconds)
        opened.append(site)
        await site.runner.setup()
        await web.TCPSite(site.runner, "127.0.0.1", 0).start()
        site.port = site.runner.addresses[0][1]
        return site

    yield open_
    for site in opened:
        await site.runner.cleanup()


@asynccontextmanager
async def connected(site: Site) -> AsyncIterator[tuple]:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes, bytes]:
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)).lower()
    length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
    return int(head.split()[1]), head, await reader.readexactly(length)


async def refused(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return True
    writer.transport.abort()
    return False


async def test_a_request_on_an_idle_connection_is_answered_and_the_connection_closed(open_site):
    site = await open_site()
    async with connected(site) as (reader, writer):
        writer.write(PING)
        assert b"connection: close" not in (await answer(reader))[1]
        stopping = site.stop()
        await eventually(lambda: refused(site.port))
        writer.write(PING)
        status, head, body = await answer(reader)
        assert (status, body) == (200, b"pong")
        assert b"connection: close" in head
        assert await reader.read() == b""
        await stopping


async def test_pipelined_requests_are_all_answered(open_site):
    site = await open_site()
    async with connected(site) as (reader, writer):
        writer.write(WAIT + PING + PING)
        await eventually(lambda: site.handling)
        stopping = site.stop()
        await eventually(lambda: refused(site.port))
        site.go_on.set()
        answers = [await answer(reader) for _ in range(3)]
        assert [body for _, _, body in answers] == [b"waited", b"pong", b"pong"]
        closes = [b"connection: close" in head for _, head, _ in answers]
        assert closes == [False, False, True]
        await stopping


async def test_an_upload_in_progress_is_received_and_answered(open_site):
    site = await open_site()
    async with connected(site) as (reader, writer):
        writer.write(UPLOAD + b"abc")
        await eventually(lambda: site.handling)
        stopping = site.stop()
        await eventually(lambda: refused(site.port))
        writer.write(b"def")
        assert (await answer(reader))[2] == b"stored"
        assert site.received == [b"abcdef"]
        await stopping


@pytest.mark.parametrize("sent", [WAIT, UPLOAD + b"abc"])
async def test_what_takes_longer_than_the_grace_period_is_answered_with_503(open_site, sent):
    site = await open_site(drain_seconds=0.2)
    async with connected(site) as (reader, writer):
        writer.write(sent)
        await eventually(lambda: site.handling)
        stopping = site.stop()
        status, head, body = await answer(reader)
        assert status == 503
        assert b"connection: close" in head
        assert json.loads(body)["status_msg"] == "服务正在重启，请稍后再试"
        writer.close()
        await stopping


async def test_silent_connections_do_not_hold_up_the_end(open_site):
    site = await open_site()
    async with connected(site) as (reader, _), connected(site) as (half, writer):
        writer.write(b"GET /pi")
        await site.stop()
        assert await reader.read() == b""
        assert await half.read() == b""


async def test_a_request_that_the_event_loop_has_not_read_is_answered(open_site, monkeypatch):
    """A process that got no CPU for a second finds connections silent that are not."""
    site, loop = await open_site(), asyncio.get_running_loop()
    connections = site.runner.server._limited_connections
    with socket.create_connection(("127.0.0.1", site.port)) as client:
        client.setblocking(False)
        await loop.sock_sendall(client, PING)
        assert b"pong" in await loop.sock_recv(client, 1000)
        monkeypatch.setattr(connections_module, "_silent", lambda *_: True)
        client.send(PING)
        draining = asyncio.create_task(connections.drain(PATIENT))
        assert b"pong" in await loop.sock_recv(client, 1000)
        assert await loop.sock_recv(client, 1000) == b""
        await draining


@pytest.mark.skipif(sys.platform != "linux", reason="uses a socket filter of Linux")
async def test_a_connection_in_the_queue_is_accepted_and_a_later_one_is_not(open_site):
    """The queue is what the kernel connected and the process has not accepted."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    with listening, socket.create_connection(("127.0.0.1", port)):
        await accept_pending([listening])
        with socket.socket() as late:
            late.setblocking(False)
            assert late.connect_ex(("127.0.0.1", port)) == errno.EINPROGRESS
            late.setblocking(True)
            late.settimeout(0.2)
            with pytest.raises(OSError, match=r"time|progress|already"):
                late.connect(("127.0.0.1", port))
        accepted, _ = listening.accept()
        accepted.close()
        listening.setblocking(False)
        with pytest.raises(BlockingIOError):
            listening.accept()
