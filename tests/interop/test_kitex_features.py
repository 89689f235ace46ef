"""Features of Kitex v0.16.3 beside plain calls, with this project's server and client."""

import asyncio
import logging
import re
from typing import Any

import pytest
from fleet import eventually
from interop.kitex import go_client, go_server
from interop.test_we_call_kitex import client

from microkit.errors import NotFound, Unavailable

ASKED = ("VideoService", "GetVideoAuthorIdMethod")
QUICK, STALLS, STALLS_ONCE, GATED = 1, 408, 409, 410
"""Videos that `slow` answers differently for."""
HEADED = ("-transport", "ttheader")


def at(slow: Any) -> tuple[str, str]:
    return "-hosts", f"videoservice=127.0.0.1:{slow.port}"


async def test_many_calls_at_once_over_two_multiplexed_connections(modern, slow):
    async with go_client(modern, "-multiplexed", "2", *at(slow)) as go:
        answers = await asyncio.gather(*(go.call(*ASKED, {"id": QUICK}) for _ in range(200)))
    assert all(answer["response"]["author_id"] == 7 for answer in answers)


async def test_a_slow_call_holds_up_no_other_of_its_multiplexed_connection(modern, slow):
    how = ("-multiplexed", "1", "-rpc-timeout", "60s")
    async with go_client(modern, *how, *at(slow)) as go:
        waiting = asyncio.create_task(go.call(*ASKED, {"id": GATED}))
        await eventually(lambda: slow.started == 1)
        answer = await go.call(*ASKED, {"id": QUICK})
        assert answer["response"]["author_id"] == 7
        assert not waiting.done()
        slow.gate.set()
        assert (await waiting)["response"]["author_id"] == 7
        assert len(slow.server.connections) == 1


async def test_our_client_calls_a_multiplexed_server(modern, settings):
    async with go_server(modern, "videoservice", "-multiplexed") as go:
        ours = client(settings, "videoservice", go.port)
        calls = [ours.GetVideoCountSetByIdUserSetMethod(author_id_set=[n]) for n in range(100)]
        counted = [answer.count_set[0].id for answer in await asyncio.gather(*calls)]
        assert counted == list(range(100))
        await ours.close()


@pytest.mark.parametrize(
    ("protocol", "logged", "said"),
    [
        ("ttheader", "only calls are served", "EOF|has been closed"),
        ("grpc", "only Thrift is served", "draining"),
    ],
)
async def test_a_stream_is_refused_at_once(modern, slow, protocol, logged, said, caplog):
    with caplog.at_level(logging.WARNING, "microkit.rpc"):
        process = await asyncio.create_subprocess_exec(
            str(modern.stream), "-addr", f"127.0.0.1:{slow.port}", "-protocol", protocol,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        told, _ = await process.communicate()
    assert process.returncode == 1
    # Not the deadline, for which a client waits whose stream nobody refuses.
    assert re.search(said, told.decode())
    assert "deadline" not in told.decode()
    assert logged in caplog.text


async def test_a_call_that_got_no_answer_in_time_is_made_again(modern, slow):
    how = (*HEADED, "-retries", "2", "-rpc-timeout", "500ms")
    async with go_client(modern, *how, *at(slow)) as go:
        answer = await go.call(*ASKED, {"id": STALLS_ONCE})
    assert answer["response"]["author_id"] == 7
    assert slow.started == 2
    await eventually(lambda: slow.cancelled == 1)
    assert [each.get("RPC_PERSIST_RetryReq") for each in slow.seen] == [None, "1"]


async def test_a_backup_request_overtakes_the_call_that_stalls(modern, slow):
    async with go_client(modern, *HEADED, "-backup", "50", *at(slow)) as go:
        answer = await go.call(*ASKED, {"id": STALLS_ONCE})
        assert answer["response"]["author_id"] == 7
        assert (slow.started, slow.cancelled) == (2, 0)
    await eventually(lambda: slow.cancelled == 1)


async def test_a_pool_of_a_thousand_connections(modern, slow):
    async with go_client(modern, "-pool", "1000", "-rpc-timeout", "60s", *at(slow)) as go:
        for _ in range(2):
            slow.started = 0
            slow.gate.clear()
            calls = [asyncio.create_task(go.call(*ASKED, {"id": GATED})) for _ in range(1000)]
            await eventually(lambda: slow.started == 1000)
            assert len(slow.server.connections) == 1000
            slow.gate.set()
            answers = await asyncio.gather(*calls)
            assert all(answer["response"]["author_id"] == 7 for answer in answers)


@pytest.mark.parametrize("how", [HEADED, ("-multiplexed", "1")], ids=["pool", "multiplexed"])
async def test_our_server_that_stops_answers_what_is_in_flight_and_is_not_called_again(
    modern, slow, how
):
    async with go_client(modern, *how, *at(slow)) as go:
        call = asyncio.create_task(go.call(*ASKED, {"id": GATED}))
        await eventually(lambda: slow.started == 1)
        stop = asyncio.create_task(slow.server.stop(30))
        await eventually(lambda: slow.server.draining)
        slow.gate.set()
        assert (await call)["response"]["author_id"] == 7
        await stop
        refused = await go.call(*ASKED, {"id": QUICK})
        assert "get connection error" in refused["error"]


async def test_a_kitex_server_that_stops_answers_what_is_in_flight_and_is_not_called_again(
    modern, settings
):
    async with go_server(modern, "userservice") as go:
        ours = client(settings, "userservice", go.port, rpc_transport="ttheader")
        assert (await ours.GetUserSetByIdSetMethod(id_set=[1])).user_set in ([], None)
        call = asyncio.create_task(ours.GetUserMethod(name="slow"))
        assert await go.process.stdout.readline() == b"stalling\n"
        go.process.terminate()
        with pytest.raises(NotFound):  # its answer, as there is no such user
            await call
        await go.process.wait()
        with pytest.raises(Unavailable):
            await ours.GetUserSetByIdSetMethod(id_set=[1])
        await ours.close()
