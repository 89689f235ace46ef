"""Connections that are too many, idle, or not read."""

import asyncio
import gc
import json
import logging
import os
import resource
import socket
import sys
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from fleet import eventually

from api.connections import Limits
from api.protocol import Runner
from scripts import servers

ROOT = Path(__file__).parents[2]
PING = b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"
LARGE = b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n"
MIB = 1 << 20
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Site:
    """A server with its own limits; `large` holds its 8 MiB responses in memory."""

    def __init__(self) -> None:
        self.port = 0
        self.large: weakref.WeakSet[web.Response] = weakref.WeakSet()
        self.go_on = asyncio.Event()
        self.handling = 0

    async def ping(self, _: web.Request) -> web.Response:
        return web.Response(text="pong")

    async def wait(self, _: web.Request) -> web.Response:
        self.handling += 1
        await self.go_on.wait()
        return web.Response(text="waited")

    async def send(self, _: web.Request) -> web.Response:
        answer = web.Response(body=bytes(8 * MIB))
        self.large.add(answer)
        return answer


@pytest.fixture
async def open_site() -> AsyncIterator[Callable]:
    async with AsyncExitStack() as stack:

        async def open_(**limits: float) -> Site:
            site, app = Site(), web.Application()
            app.router.add_get("/ping", site.ping)
            app.router.add_get("/wait", site.wait)
            app.router.add_get("/large", site.send)
            runner = Runner(app, Limits(**limits), access_log=None)
            stack.push_async_callback(runner.cleanup)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            site.port = runner.addresses[0][1]
            return site

        yield open_


@asynccontextmanager
async def connected(port: int, sent: bytes = b"", count: int = 1) -> AsyncIterator[list[Streams]]:
    """Open connections with tiny receive buffers."""
    opened = []
    try:
        for _ in range(count):
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
            reader, writer = await asyncio.open_connection(sock=sock, limit=4 << 10)
            writer.write(sent)
            opened.append((reader, writer))
        yield opened
    finally:
        for _, writer in opened:
            writer.transport.abort()


async def answer(streams: Streams) -> tuple[int, bytes]:
    reader, _ = streams
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return int(head.split()[1]), await reader.readexactly(length)


async def ping(port: int) -> tuple[int, bytes]:
    async with connected(port, PING) as (client,):
        return await answer(client)


@pytest.mark.parametrize("sent", [b"", b"GET /pi", PING[:-2]])
async def test_a_connection_without_complete_headers_is_closed(open_site, sent):
    site = await open_site(header_seconds=0.2)
    async with connected(site.port, sent) as ((reader, _),):
        assert await asyncio.wait_for(reader.read(), 60) == b""


async def test_an_idle_keepalive_connection_is_closed_later(open_site):
    site = await open_site(header_seconds=0.2, keepalive_seconds=5)
    async with connected(site.port, PING) as ((reader, writer),):
        assert (await answer((reader, writer)))[0] == 200
        await asyncio.sleep(1)  # much longer than headers may take
        writer.write(PING)
        assert (await answer((reader, writer)))[0] == 200, "its headers are not late"
        assert await asyncio.wait_for(reader.read(), 60) == b""


async def test_a_long_request_is_not_aborted(open_site):
    site = await open_site(header_seconds=0.2, keepalive_seconds=0.2, send_seconds=0.2)
    async with connected(site.port, b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n") as (client,):
        await asyncio.sleep(1)  # much longer than each of the limits
        site.go_on.set()
        assert await answer(client) == (200, b"waited")


async def test_idle_connections_make_room_for_new_ones(open_site, caplog):
    site = await open_site(connections=4)
    async with connected(site.port, count=4):
        await eventually_pong(site.port)
    assert len([r for r in caplog.records if "connection limit reached (4)" in r.message]) == 1


async def eventually_pong(port: int) -> None:
    async def pong() -> bool:
        try:
            status, body = await ping(port)
        except (ConnectionError, asyncio.IncompleteReadError):
            return False  # beyond a few, refusals are not answered
        return (status, b"pong" in body) == (200, True)

    await eventually(pong)


async def test_a_connection_above_the_limit_gets_503(open_site, caplog):
    site = await open_site(connections=4)
    async with connected(site.port, b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n", 4) as busy:
        await eventually(lambda: site.handling == 4)
        for _ in range(3):
            status, body = await ping(site.port)
            assert (status, json.loads(body)["status_code"]) == (503, 10006)
        site.go_on.set()
        assert [await answer(each) for each in busy] == [(200, b"waited")] * 4
    assert len([r for r in caplog.records if "refused a new one" in r.message]) == 1
    await eventually_pong(site.port)


async def test_unread_response_bytes_are_bounded_and_freed(open_site, caplog):
    caplog.set_level(logging.INFO)
    site = await open_site(unsent_bytes=40 * MIB, send_seconds=2)
    gc.disable()  # memory comes back without the collector
    try:
        async with connected(site.port, LARGE, 20):
            await eventually(lambda: "connection aborted" in caplog.text)
            assert await ping(site.port) == (200, b"pong")
            await eventually(lambda: len(site.large) <= 5)
            await eventually(lambda: len(site.large) == 0)
            assert await ping(site.port) == (200, b"pong")
    finally:
        gc.enable()


async def test_a_slow_reader_gets_the_whole_response(open_site):
    site = await open_site(send_seconds=5)
    async with connected(site.port, LARGE) as ((reader, _),):
        got = 0
        while got < 8 * MIB and (data := await reader.read(256 << 10)):
            got += len(data)
            await asyncio.sleep(0.003)  # the slowness is the subject
    assert got >= 8 * MIB


async def test_more_connections_than_descriptors_leave_the_process_alive(tmp_path):
    """As with ``ulimit -n 1024``, and a client that opens 1,100 idle connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    port = servers.free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "PORT": str(port),
        "ADMIN_PORT": str(servers.free_port()),
        "JWT_SECRET": "a secret of at least thirty-two bytes",
        "REDIS_URL": "unix:///not/there",
        "OBJECTS_URL": f"file://{tmp_path}/objects",
        "UPLOAD_DIR": str(tmp_path / "uploads"),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "api", cwd=ROOT, env=environment, stderr=asyncio.subprocess.PIPE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024)),
    )  # fmt: skip
    try:
        await eventually(lambda: servers.listens(port))
        async with connected(port, count=1100):
            await eventually_pong(port)
        await eventually_pong(port)
    finally:
        process.terminate()
        _, logged = await process.communicate()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert b"connection limit reached" in logged
    assert b"Traceback" not in logged
