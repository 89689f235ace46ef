"""The context of a process: its stores, peers and health checks."""

import pytest
from fleet import addresses

import api
import commentmicro
import videomicro
from idl import usermicro
from microkit.config import load
from microkit.context import open_context
from microkit.main import serve


async def test_a_service_calls_only_the_peers_that_it_declares():
    settings = load(videomicro.SERVICE.settings, {})
    async with open_context(videomicro.SERVICE, settings) as context:
        with pytest.raises(LookupError, match=r"userservice.*videomicro"):
            context.client(usermicro.CONTRACT)


async def test_what_a_process_opens_is_what_its_health_is_made_of(fleet, settings, tmp_path):
    assert set(fleet.running["commentservice"].context.checks) == {
        "database", *commentmicro.SERVICE.peers
    }  # fmt: skip
    own = settings(
        **addresses(fleet.running), jwt_secret="x" * 32, upload_dir=str(tmp_path / "uploads")
    )
    async with serve(api.SERVICE, own) as running:
        assert set(running.context.checks) == {"objects", *api.SERVICE.peers}
