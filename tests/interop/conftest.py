"""The Go programs, of both generations of Kitex."""

import asyncio
import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest
from interop.kitex import GO, HERE, ROOT

import idl
from microkit.rpc import metadata
from microkit.rpc.contract import Contract
from microkit.rpc.server import Server, ServerLimits
from scripts import servers
from scripts.kitex import Programs, build


@pytest.fixture(scope="session")
def shared_folder(pytestconfig: pytest.Config) -> Path:
    """Where programs are built, once for all runs with the same sources."""
    kept = pytestconfig.cache.mkdir("programs")
    sources = [
        *(ROOT / "idl").glob("*.thrift"),
        *(path for path in HERE.rglob("*") if path.is_file() and "__pycache__" not in path.parts),
        ROOT / "docs" / "callers.md",
        ROOT / "scripts" / "kitex.py",
    ]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(sources))).hexdigest()
    for other in kept.iterdir():
        if other.name != digest[:16]:
            shutil.rmtree(other, ignore_errors=True)
    return kept / digest[:16]


@pytest.fixture(scope="session", params=["modern", "original"])
def programs(request: pytest.FixtureRequest, shared_folder: Path) -> Programs:
    """Kitex v0.16.3 with our IDL, and v0.4.4 with the original one."""
    return build(request.param, shared_folder, servers.program("go", GO))


@pytest.fixture(scope="session")
def modern(shared_folder: Path) -> Programs:
    return build("modern", shared_folder, servers.program("go", GO))


@pytest.fixture
def database_url(tmp_path: Path) -> Any:
    return lambda name: f"sqlite://{tmp_path}/{name}.db"


class Slow:
    """Fails, stalls, and remembers what came with a call."""

    def __init__(self) -> None:
        self.contract = Contract(idl.load("videomicro"))
        self.cancelled = 0
        self.started = 0
        self.gate = asyncio.Event()
        self.seen: list[dict[str, str]] = []

    def __getattr__(self, name: str) -> Any:
        if name not in self.contract.methods():
            raise AttributeError(name)

        async def call(_request: Any) -> Any:
            raise ValueError("the secret inside")

        return call

    async def GetVideoAuthorIdMethod(self, request: Any) -> Any:
        self.started += 1
        self.seen.append(dict(metadata.persistent.get()))
        if request.id == 410:
            await self.gate.wait()
        if request.id == 408 or (request.id == 409 and self.started == 1):
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        return self.contract.GetVideoAuthorIdResp.ok(author_id=7)


@pytest.fixture
async def slow():
    handler = Slow()
    server = Server("videoservice", handler.contract, {"VideoService": handler}, ServerLimits())
    await server.listen("127.0.0.1", 0)
    handler.port, handler.server = server.port, server
    yield handler
    await server.stop(0)
