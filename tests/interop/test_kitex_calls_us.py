"""Programs written with Kitex call our services and see what our own client sees."""

import asyncio
import json
from typing import Any

import msgspec
import pytest
from fleet import eventually
from interop.kitex import TRANSPORTS, go_client
from interop.scenario import added, methods, reads, writes

import idl
from idl import usermicro
from microkit.errors import Error
from microkit.rpc.contract import Contract
from microkit.rpc.structs import fields_of
from scripts.call import PACKAGES, invoke

# Fields that the original contracts do not have.
ADDED = {
    field.name
    for stem in idl.RPC
    for struct in Contract(idl.load(stem)).structs.values()
    for field in fields_of(struct)
    if field.id >= 100
}


def hosts(fleet) -> str:
    return ",".join(f"{name}=127.0.0.1:{each.port}" for name, each in fleet.running.items())


async def ours(fleet, clients: dict[str, Any], step) -> Any:
    """Return the response that this project's client gets, as JSON, also a failure."""
    service, _, method, request = step
    client = clients.setdefault(service, fleet.client(service))
    contract = Contract(idl.load(PACKAGES[service]))
    return json.loads(msgspec.json.encode(await invoke(client, contract, method, request)))


def agrees(go: Any, own: Any, original: bool) -> bool:
    if isinstance(own, dict) and isinstance(go, dict):
        # Go leaves out an optional list that is empty.
        missing = {key for key in set(own) - set(go) if own[key] not in ([], {})}
        return missing <= (ADDED if original else set()) and all(
            key in own and agrees(value, own[key], original) for key, value in go.items()
        )
    if isinstance(own, list) and isinstance(go, list):
        return len(own) == len(go) and all(map(agrees, go, own, [original] * len(own)))
    return go == own or (go is None and own == [])


def test_the_scenario_calls_every_method():
    contracts = [Contract(idl.load(stem)) for stem in idl.RPC]
    assert methods() == {name for contract in contracts for name in contract.methods()}


@pytest.mark.parametrize("short", [False, True], ids=["long", "short"])
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_every_method_answers_what_our_client_gets(fleet, programs, transport, short):
    arguments = ["-transport", transport, "-hosts", hosts(fleet), *(["-short"] if short else [])]
    clients: dict[str, Any] = {}
    async with go_client(programs, *arguments) as go:
        for _, service, method, request in writes("用户"):
            answer = await go.call(service, method, request)
            assert "error" not in answer, (method, answer)
        original = programs.kind == "original"
        for step in reads() + ([] if original else added()):
            _, service, method, request = step
            answer = await go.call(service, method, request)
            assert "error" not in answer, (method, answer)
            own = await ours(fleet, clients, step)
            assert agrees(answer["response"], own, original), (method, answer["response"], own)
        # Many at once, over whatever connections they take.
        step = reads()[0]
        answers = await asyncio.gather(
            *(go.call(step[1], step[2], {"id": 1 + n % 2}) for n in range(200))
        )
        assert [a["response"]["user"]["id"] for a in answers] == [1 + n % 2 for n in range(200)]


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_failures_are_what_kitex_expects(slow, programs, transport):
    names = "userservice", "videoservice"
    known = ",".join(f"{name}=127.0.0.1:{slow.port}" for name in names)
    async with go_client(programs, "-transport", transport, "-hosts", known) as go:
        unknown = await go.call("UserService", "GetUserMethod", {"id": 1})
        assert "unknown method" in unknown["error"]
        failed = await go.call("VideoService", "DeleteVideoMethod", {"video_id": 1})
        assert "internal error" in failed["error"]
        assert "secret" not in failed["error"]
        fine = await go.call("VideoService", "GetVideoAuthorIdMethod", {"id": 1})
        assert fine["response"]["author_id"] == 7


@pytest.mark.parametrize("transport", ["ttheader", "ttheader_framed"])
async def test_a_kitex_timeout_cancels_our_work(slow, programs, transport):
    known = f"videoservice=127.0.0.1:{slow.port}"
    how = ("-transport", transport, "-hosts", known, "-rpc-timeout", "300ms")
    async with go_client(programs, *how) as go:
        late = await go.call("VideoService", "GetVideoAuthorIdMethod", {"id": 408})
        assert "timeout" in late["error"].lower() or "deadline" in late["error"].lower()
        await eventually(lambda: slow.cancelled == 1)


async def test_the_work_of_a_client_that_disconnects_is_cancelled(slow, programs):
    known = f"videoservice=127.0.0.1:{slow.port}"
    async with go_client(programs, "-hosts", known) as go:
        task = asyncio.create_task(go.call("VideoService", "GetVideoAuthorIdMethod", {"id": 408}))
        await eventually(lambda: slow.started == 1)
        go.process.kill()
        await eventually(lambda: slow.cancelled == 1)
        task.cancel()
        await asyncio.wait((task,))


async def test_persistent_values_arrive(slow, programs):
    known = f"videoservice=127.0.0.1:{slow.port}"
    async with go_client(programs, "-transport", "ttheader", "-hosts", known) as go:
        await go.call(
            "VideoService", "GetVideoAuthorIdMethod", {"id": 1}, persist={"REQUEST_ID": "from-go"}
        )
    assert slow.seen[0]["RPC_PERSIST_REQUEST_ID"] == "from-go"


async def test_the_program_of_the_documentation_shows_a_user_and_a_failure(fleet, modern):
    async def example() -> tuple[str, str]:
        process = await asyncio.create_subprocess_exec(
            str(modern.example), f"127.0.0.1:{fleet.running['userservice'].port}",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        return out.decode(), err.decode()

    assert "10007 用户不存在" in (await example())[1]
    await fleet.client("userservice").CreateUserMethod(
        newuser=usermicro.CreateUserInfo(name="小明"), password="secret"
    )
    assert (await example())[0] == "小明\n"


async def test_errors_with_numbers_reach_a_kitex_caller(fleet, modern):
    async with go_client(modern, "-hosts", hosts(fleet)) as go:
        answer = await go.call("UserService", "GetUserMethod", {"id": 404})
        assert answer["response"]["status"] is False
        assert answer["response"]["status_code"] == 10007
        with pytest.raises(Error):
            await fleet.client("userservice").GetUserMethod(id=404)
