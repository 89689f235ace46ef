"""RPC over a Unix socket."""

import asyncio
import stat
from pathlib import Path

import pytest
from fleet import eventually

from microkit.config import ConfigError
from microkit.discovery import Instance
from microkit.discovery.static import parse
from microkit.errors import DeadlineExceeded, Unavailable


@pytest.fixture
async def address(rig, tmp_path):
    path = tmp_path / "videoservice"
    await rig.server.listen_unix(str(path))
    return parse(f"unix:{path}")


async def test_a_service_answers_on_its_socket_and_its_port(rig, address):
    over_socket, over_port = rig.client(address), rig.client()
    for client in (over_socket, over_port):
        calls = [client.GetVideoAuthorIdMethod(id=n) for n in range(10)]
        assert [answer.author_id for answer in await asyncio.gather(*calls)] == list(range(10))


def mode(path):
    return stat.S_IMODE(Path(path).stat().st_mode)


async def test_only_the_same_user_may_connect(address):
    assert mode(address.path) == 0o600


async def test_a_caller_that_leaves_cancels_its_call(rig, address):
    client = rig.client(address)
    call = asyncio.create_task(client.GetVideoAuthorIdMethod(id=408))
    await eventually(lambda: rig.handler.started == 1)
    call.cancel()
    await eventually(lambda: rig.handler.cancelled == 1)


async def test_a_stopped_server_is_unavailable_at_once(rig, address):
    client = rig.client(address)
    await client.GetVideoAuthorIdMethod(id=1)
    await rig.server.stop(0)
    with pytest.raises(Unavailable) as raised:
        await client.GetVideoAuthorIdMethod(id=1)
    assert not isinstance(raised.value, DeadlineExceeded)


async def test_a_restarted_server_takes_over_the_socket(start_rig, tmp_path):
    path = str(tmp_path / "videoservice")
    first, second = await start_rig(), await start_rig()
    await first.server.listen_unix(path)  # as if it was killed: its file stays
    await second.server.listen_unix(path)
    await second.client(parse(f"unix:{path}")).GetVideoAuthorIdMethod(id=1)
    assert (first.handler.started, second.handler.started) == (0, 1)


def test_an_address_names_the_path_and_perhaps_a_weight():
    assert parse(" unix:/run/a ") == Instance("", 0, 10, "/run/a")
    assert parse("unix:/run/a@5") == Instance("", 0, 5, "/run/a")
    assert str(parse("unix:/run/a")) == "unix:/run/a"
    for wrong in ("unix:", "unix:relative", "unix:/run/a@heavy"):
        with pytest.raises(ConfigError):
            parse(wrong)
