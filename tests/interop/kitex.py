"""Starts the Kitex programs."""

import asyncio
import itertools
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commentmicro.settings import Settings as CommentSettings
from scripts import servers
from scripts.kitex import Programs

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TRANSPORTS = ("pure", "framed", "ttheader", "ttheader_framed")


GO = "https://go.dev/dl or Debian: golang-go"


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
        return await asyncio.wait_for(self._waiting[number], 60)

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
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "TZ": CommentSettings.timezone},  # the dates of comments
    )  # fmt: skip
    try:
        await listening(process, port)
        yield RunningServer(port, process)
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 10)
            except TimeoutError:
                process.kill()
                await process.wait()


async def listening(process: asyncio.subprocess.Process, port: int) -> None:
    """Wait until a program listens."""
    while not servers.listens(port):
        assert process.returncode is None, "the program ended"
        await asyncio.sleep(0.02)


@dataclass
class RunningServer:
    port: int
    process: asyncio.subprocess.Process
