"""The recipe of CONTRIBUTING for a new service: its package, its IDL, one line in the list."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from e2e.apk import Apk, opened

import idl
from scripts.deployment import ROOT

IDL = """
namespace go greetmicro

struct GreetReq {
    1: required i64 user_id
}

struct GreetResp {
    1: required i32 status_code (status = "numbered")
    2: string status_msg
    3: optional string greeting
}

service GreetService {
    GreetResp GreetMethod(1: GreetReq request)
}
"""
FILES = {
    "idl/greetmicro.thrift": IDL,
    "idl/greetmicro.py": '''"""The contract of greetmicro.thrift."""

from idl.runtime import fill

fill(globals())
''',
    "greetmicro/__init__.py": '''"""Greetings."""

import idl
from greetmicro.settings import Settings
from microkit.service import Service

SERVICE = Service(*idl.service("greetmicro"), settings=Settings, peers=idl.ports("usermicro"))
''',
    "greetmicro/__main__.py": '''"""Starts the service: ``python -m greetmicro``."""

from greetmicro import SERVICE
from microkit.main import main

if __name__ == "__main__":
    main(SERVICE)
''',
    "greetmicro/settings.py": '''"""The settings of the service."""

from dataclasses import dataclass

from microkit import config


@dataclass(frozen=True, kw_only=True)
class Settings(config.Settings):
    """The settings of every process, and the greeting."""

    greeting: str = "Hello"
''',
    "greetmicro/handler.py": '''"""The methods of GreetService."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from greetmicro.settings import Settings
from idl import greetmicro, usermicro
from microkit.context import Context

CONTRACT = greetmicro.CONTRACT


@asynccontextmanager
async def open_handlers(context: Context[Settings]) -> AsyncIterator[greetmicro.Handlers]:
    """Open the clients of the service and yield its handlers by Thrift service."""
    users = context.client(usermicro.CONTRACT)
    yield {"GreetService": GreetHandler(users, context.settings.greeting)}


class GreetHandler:
    """Greets users by name."""

    def __init__(self, users: usermicro.Client, greeting: str) -> None:
        self._users = users
        self._greeting = greeting

    async def GreetMethod(self, request: greetmicro.GreetReq) -> greetmicro.GreetResp:
        """Return a greeting with the user's name."""
        user = (await self._users.GetUserMethod(id=request.user_id)).user
        return greetmicro.GreetResp.ok(greeting=f"{self._greeting}, {user.name}")
''',
}
LAST = idl.SERVICES[-1]
LINE = f'    RpcService("{LAST.package}", "{LAST.name}", {LAST.port}),\n'
NEW_LINE = f'    RpcService("greetmicro", "greetservice", {LAST.port + 1}),\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the project with an additional service."""
    copy = tmp_path / "checkout"
    for name in ("idl", "microkit", "api", "scripts", *idl.RPC):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in FILES.items():
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).write_text(text)
    listed = (copy / "idl" / "__init__.py").read_text()
    assert LINE in listed
    (copy / "idl" / "__init__.py").write_text(listed.replace(LINE, LINE + NEW_LINE))
    return copy


def call(checkout: Path, port: str, request: dict[str, int]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.call", "greetservice", "GreetMethod"]
    return subprocess.run(
        [*command, json.dumps(request), "--address", f"127.0.0.1:{port}"],
        cwd=checkout, capture_output=True, text=True, check=False,
    )  # fmt: skip


async def test_a_new_service_is_started_configured_and_called_like_the_others(
    up, checkout, monkeypatch
):
    monkeypatch.setenv("GREETING", "Good morning")
    system = up("--free-ports", root=checkout)
    port = system.settings("greetservice")["PORT"]
    async with opened(system.url) as session:
        ann = await Apk(session).register("ann")
    done = call(checkout, port, {"user_id": ann.id})
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["greeting"] == "Good morning, ann"
    refused = call(checkout, port, {"user": ann.id})
    assert "one of user_id" in refused.stderr
    assert system.stop() == 0
