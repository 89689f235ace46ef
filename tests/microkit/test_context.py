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


async def test_a_service_calls_only_declared_peers():
    settings = load(videomicro.SERVICE.settings, {})
    async with open_context(videomicro.SERVICE, settings) as context:
        with pytest.raises(LookupError, match=r"userservice.*videomicro"):
            context.client(usermicro.CONTRACT)


async def test_the_health_checks_are_those_of_opened_stores_and_peers(fleet, settings, tmp_path):
    assert set(fleet.running["commentservice"].context.checks) == {
        "database", *commentmicro.SERVICE.peers
    }  # fmt: skip
    own = settings(
        **addresses(fleet.running), jwt_secret="x" * 32, upload_dir=str(tmp_path / "uploads")
    )
    async with serve(api.SERVICE, own) as running:
        assert set(running.context.checks) == {"objects", *api.SERVICE.peers}
