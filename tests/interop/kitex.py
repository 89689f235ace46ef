"""Builds the Go programs from our IDL, and runs them."""

import asyncio
import fcntl
import itertools
import json
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import servers

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STEMS = ("usermicro", "videomicro", "relationmicro", "favoritemicro", "commentmicro")
TRANSPORTS = ("pure", "framed", "ttheader", "ttheader_framed")


@dataclass(frozen=True)
class Programs:
    """The client and the server of one generation of Kitex."""

    kind: str
    client: Path
    server: Path


def build(kind: str, folder: Path) -> Programs:
    """Generate and build, once for all who share the folder."""
    go = servers.program("go", "https://go.dev/dl or Debian: golang-go")
    at = folder / kind
    at.mkdir(parents=True, exist_ok=True)
    with (folder / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (at / "built").exists():
            _build(kind, at, go)
            (at / "built").touch()
    return Programs(kind, at / "bin" / "client", at / "bin" / "server")


def _build(kind: str, at: Path, go: str) -> None:
    for name in ("client", "server", "pid"):
        shutil.copytree(HERE / name, at / name, dirs_exist_ok=True)
    shutil.copy(HERE / f"{kind}.mod", at / "go.mod")
    tools = ["github.com/cloudwego/kitex/tool/cmd/kitex"]
    if kind == "original":
        tools.append("github.com/cloudwego/thriftgo")
    for tool in tools:
        _run([go, "build", "-mod=mod", "-o", f"{at}/tools/", tool], at)
    for stem in STEMS:
        text = (ROOT / "idl" / f"{stem}.thrift").read_text()
        (at / f"{stem}.thrift").write_text(original(text) if kind == "original" else text)
        _run([f"{at}/tools/kitex", "-module", "interop", f"{stem}.thrift"], at)
    tags = ["-tags", "original"] if kind == "original" else []
    _run([go, "build", "-mod=mod", *tags, "-o", f"{at}/bin/", "./client", "./server"], at)


def original(idl: str) -> str:
    """An IDL without our additions: fields from id 100 on, methods below "added"."""
    text = re.sub(r"^ +1\d\d: .*\n", "", idl, flags=re.MULTILINE)
    return re.sub(r"^ +// added\n(?:    .*\n)+", "", text, flags=re.MULTILINE)


def _run(command: list[str], at: Path) -> None:
    environment = {**os.environ, "PATH": f"{at}/tools:{os.environ['PATH']}:/usr/local/go/bin"}
    done = subprocess.run(
        command, cwd=at, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


class GoClient:
    """A running client program."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reading = asyncio.create_task(self._read())

    async def call(
        self, service: str, method: str, request: Any, *, persist: Any = None, timeout_ms: int = 0
    ) -> dict[str, Any]:
        """Call a method; the answer has `response`, or `error` and maybe `kind`."""
        number = next(self._ids)
        line = {
            "id": number, "service": service, "method": method, "request": request,
            "persist": persist or {}, "timeout_ms": timeout_ms,
        }  # fmt: skip
        self._waiting[number] = asyncio.get_running_loop().create_future()
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(line).encode() + b"\n")
        return await asyncio.wait_for(self._waiting[number], 20)

    async def _read(self) -> None:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            answer = json.loads(line)
            self._waiting.pop(answer["id"]).set_result(answer)

    async def close(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await self._reading


@asynccontextmanager
async def go_client(programs: Programs, *arguments: str) -> AsyncIterator[GoClient]:
    process = await asyncio.create_subprocess_exec(
        str(programs.client), *arguments, stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, limit=1 << 26,
    )  # fmt: skip
    client = GoClient(process)
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def go_server(
    programs: Programs, service: str, *arguments: str
) -> AsyncIterator["RunningServer"]:
    port = servers.free_port()
    process = await asyncio.create_subprocess_exec(
        str(programs.server), "-service", service, "-addr", f"127.0.0.1:{port}", *arguments,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(200):
            if servers.listens(port):
                break
            assert process.returncode is None, f"{service} ended"
            await asyncio.sleep(0.05)
        yield RunningServer(port, process)
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 10)
            except TimeoutError:
                process.kill()
                await process.wait()


@dataclass
class RunningServer:
    port: int
    process: asyncio.subprocess.Process
