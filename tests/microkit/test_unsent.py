"""Peers that read slowly: cut off beyond limits, else left alone."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from fleet import Clock, eventually

from microkit.unsent import Unsent

MIB = 1 << 20


class Sender(asyncio.Protocol):
    """Sends as much as it is told to whoever connects."""

    def __init__(self, unsent: Unsent, size: int) -> None:
        self._unsent, self._size = unsent, size

    def connection_made(self, transport) -> None:
        self._transport = transport
        transport.write(bytes(self._size))

    def connection_lost(self, _) -> None:
        self._unsent.on_write_resumed(self._transport)

    def pause_writing(self) -> None:
        self._unsent.on_write_paused(self._transport)

    def resume_writing(self) -> None:
        self._unsent.on_write_resumed(self._transport)


@pytest.fixture
async def sending() -> AsyncIterator:
    """Starts a sender; gives a connected socket to it at each call."""
    opened: list = []

    async def start(unsent: Unsent, size: int):
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Sender(unsent, size), "127.0.0.1", 0)
        opened.append(server)

        async def connect() -> socket.socket:
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
            client.setblocking(False)
            opened.append(client)
            await loop.sock_connect(client, server.sockets[0].getsockname())
            return client

        return connect

    yield start
    for each in opened:
        each.close()


async def until_the_end(client: socket.socket) -> int:
    """Read until the connection ends; returns how many bytes there were."""
    loop, got = asyncio.get_running_loop(), 0
    try:
        while data := await loop.sock_recv(client, MIB):
            got += len(data)
    except ConnectionError:
        pass
    return got


async def test_the_one_with_the_most_unread_is_cut_off_beyond_the_total(sending, caplog):
    unsent = Unsent(20 * MIB, 60)
    connect = await sending(unsent, 16 * MIB)
    for _ in range(6):
        await connect()
    await eventually(lambda: caplog.text.count("over the total limit") == 5)
    assert sum(each.get_write_buffer_size() for each in unsent._full) <= 20 * MIB
    assert len(unsent._full) == 1


async def test_one_that_reads_nothing_is_cut_off_after_a_while(sending):
    clock = Clock()
    unsent = Unsent(100 * MIB, 60, clock)
    connect = await sending(unsent, 8 * MIB)
    client = await connect()
    await eventually(lambda: len(unsent._full) == 1)
    unsent.check()
    assert len(unsent._full) == 1
    clock.now += 61
    unsent.check()
    assert len(unsent._full) == 0
    assert await until_the_end(client) < 8 * MIB


async def test_one_that_reads_slowly_but_steadily_is_not(sending):
    unsent = Unsent(100 * MIB, 5)
    connect = await sending(unsent, 8 * MIB)
    client = await connect()
    await eventually(lambda: len(unsent._full) == 1)
    got, loop = 0, asyncio.get_running_loop()
    while data := await loop.sock_recv(client, 64 << 10):
        unsent.check()
        if (got := got + len(data)) == 8 * MIB:
            break
    assert got == 8 * MIB
