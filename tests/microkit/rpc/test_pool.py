"""The connection pool: its bound, the order of its waiters, and which connections it drops."""

import asyncio
import socket
from contextlib import asynccontextmanager

import pytest
from fleet import eventually, turns

from microkit.discovery import Instance
from microkit.errors import DeadlineExceeded, Retry, Unavailable
from microkit.metrics import POOL
from microkit.rpc.pool import Pool
from microkit.rpc.transport import REPLY, Reader, encode


@asynccontextmanager
async def pool_to(port, size):
    pool = Pool("pooltest", Instance("127.0.0.1", port), size, 1 << 20)
    before = opened()
    try:
        yield pool
    finally:
        pool.close()
        await eventually(lambda: opened() == before)


def opened() -> float:
    """The number of open connections, from the metric."""
    return POOL.labels("pooltest", "open")._value.get()


def soon(seconds=60.0) -> float:
    return asyncio.get_running_loop().time() + seconds


async def test_the_connection_used_last_is_used_next(rig):
    async with pool_to(rig.port, 3) as pool:
        first, second = await pool.acquire(soon()), await pool.acquire(soon())
        pool.release(second)
        pool.release(first)
        assert await pool.acquire(soon()) is first
        pool.release(first)


async def test_a_caller_without_pause_does_not_starve_the_others(rig):
    client = rig.client(rpc_pool_size=1)
    done = asyncio.Event()

    async def greedy():
        while not done.is_set():
            await client.GetVideoAuthorIdMethod(id=1)

    task = asyncio.create_task(greedy())
    await eventually(lambda: rig.handler.started)
    try:
        answers = await asyncio.gather(*(client.GetVideoAuthorIdMethod(id=n) for n in range(20)))
        assert [answer.author_id for answer in answers] == list(range(20))
    finally:
        done.set()
        await task


async def test_waiters_are_served_in_the_order_of_their_calls(rig):
    async with pool_to(rig.port, 1) as pool:
        busy, order = await pool.acquire(soon()), []

        async def caller(number):
            connection = await pool.acquire(soon())
            order.append(number)
            await asyncio.sleep(0)
            pool.release(connection)

        callers = [asyncio.create_task(caller(n)) for n in range(10)]
        await asyncio.sleep(0)
        pool.release(busy)
        callers += [asyncio.create_task(caller(n)) for n in range(10, 20)]
        await asyncio.gather(*callers)
        assert order == list(range(20))


async def test_a_connection_lost_in_use_frees_its_slot_for_a_waiter(rig):
    async with pool_to(rig.port, 1) as pool:
        busy = await pool.acquire(soon())
        waiting = asyncio.create_task(pool.acquire(soon()))
        await asyncio.sleep(0)
        busy.close()
        pool.release(busy)
        connection = await waiting
        assert connection is not busy
        pool.release(connection)


async def test_a_call_that_waits_until_its_deadline_was_never_handled(rig):
    async with pool_to(rig.port, 1) as pool:
        busy = await pool.acquire(soon())
        with pytest.raises(DeadlineExceeded) as raised:
            await pool.acquire(soon(0.05))
        assert raised.value.retry is Retry.NEVER_HANDLED
        pool.release(busy)
        pool.release(await pool.acquire(soon()))


async def test_a_caller_cancelled_while_connecting_frees_its_slot_for_a_waiter():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        # The kernel accepts what fits the backlog; the next connection hangs.
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        async with pool_to(port, 1) as pool:
            connecting = asyncio.create_task(pool.acquire(soon()))
            await turns()
            assert not connecting.done()
            waiting = asyncio.create_task(pool.acquire(soon()))
            await turns()
            connecting.cancel()
            await asyncio.wait((connecting,))
            with pytest.raises(Unavailable) as raised:
                await waiting
            # It got the slot and tried to connect, else it would have waited for its deadline.
            assert not isinstance(raised.value, DeadlineExceeded)
        for filler in fillers:
            filler.close()


async def test_callers_cancelled_at_any_moment_leave_the_pool_complete(rig):
    async with pool_to(rig.port, 2) as pool:
        for steps in range(12):
            tasks = [asyncio.create_task(pool.acquire(soon())) for _ in range(4)]
            for _ in range(steps):
                await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            acquired = await asyncio.gather(*tasks, return_exceptions=True)
            for each in acquired:
                if not isinstance(each, BaseException):
                    each.close()
                    pool.release(each)
            await eventually(lambda: opened() <= 2)
            assert opened() >= 0
        both = [await pool.acquire(soon()), await pool.acquire(soon())]
        for connection in both:
            pool.release(connection)


async def test_a_peer_that_closes_at_once_does_not_exhaust_the_pool(rig):
    async def refuse(_reader, writer):
        writer.transport.abort()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    client = rig.client(Instance("127.0.0.1", server.sockets[0].getsockname()[1]), rpc_pool_size=2)
    for _ in range(30):
        with pytest.raises(Unavailable) as raised:
            await client.GetVideoAuthorIdMethod(id=1)
        assert not isinstance(raised.value, DeadlineExceeded)
    server.close()


async def test_an_idle_connection_that_the_peer_closed_is_not_used():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with pool_to(listener.getsockname()[1], 2) as pool:
            connection = await pool.acquire(soon())
            pool.release(connection)
            listener.accept()[0].close()
            # The loop has not seen EOF yet.
            other = await pool.acquire(soon())
            assert other is not connection
            pool.release(other)


async def test_an_idle_connection_with_unread_data_is_not_used():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with pool_to(listener.getsockname()[1], 2) as pool:
            connection = await pool.acquire(soon())
            pool.release(connection)
            peer = listener.accept()[0]
            peer.sendall(b"\x80")
            other = await pool.acquire(soon())
            assert other is not connection
            pool.release(other)
            peer.close()


async def test_a_connection_released_after_the_pool_closed_is_closed(rig):
    async with pool_to(rig.port, 1) as pool:
        busy = await pool.acquire(soon())
        pool.close()
        pool.release(busy)
        await eventually(lambda: not rig.server.connections)


async def test_waiters_open_new_connections_if_the_peer_closes_after_each_reply(rig, call):
    async def once(reader, writer):
        (message,) = Reader(1 << 20).feed(await reader.read(1 << 16))
        body = message.body[message.start :]
        writer.write(encode(message.transport, REPLY, b"x", message.seqid, body))
        writer.close()

    server = await asyncio.start_server(once, "127.0.0.1", 0)
    async with pool_to(server.sockets[0].getsockname()[1], 2) as pool:

        async def one(number):
            connection = await pool.acquire(soon())
            answer = await connection.send(call(1, seqid=number), number, soon())
            pool.release(connection)
            return answer.seqid

        assert await asyncio.gather(*map(one, range(20))) == list(range(20))
    server.close()


async def test_closing_the_pool_fails_its_waiters_even_if_one_is_cancelled(rig):
    async with pool_to(rig.port, 1) as pool:
        busy = await pool.acquire(soon())
        stays, leaves = (asyncio.create_task(pool.acquire(soon())) for _ in range(2))
        await asyncio.sleep(0)
        pool.close()
        leaves.cancel()
        with pytest.raises(Unavailable) as raised:
            await stays
        assert raised.value.retry is Retry.NEVER_HANDLED
        with pytest.raises(asyncio.CancelledError):
            await leaves
        pool.release(busy)
