"""``scripts/bench --rpc``: our server and our client against Kitex's, in one run.

The same method of the same IDL, from memory: a tiny answer and one of 30 videos; 1 and 32
connections; framed. The server is loaded by Kitex's client, the client calls Kitex's server.
"""

import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

import uvloop

from idl import videomicro
from microkit.config import Settings, load
from microkit.discovery.static import StaticResolver
from microkit.main import freeze_gc
from microkit.rpc.client import Client
from microkit.rpc.server import Server, ServerLimits
from scripts.benchmark import processes
from scripts.kitex import Programs, build
from scripts.supervisor import network

VIDEOS: Final = 30
CALLS: Final = {1: 10_000, 32: 60_000}
CASES: Final = {
    "tiny": ("GetVideoAuthorIdMethod", {"id": 1}),
    "30 videos": ("GetVideosFeedMethod", {"latest_time": 2**62, "limit": VIDEOS}),
}
_CREATE: Final[dict[str, Any]] = {
    "title": "一个不太长的视频标题",
    "author_id": 7,
    "play_url": "videos/0123456789abcdef0123456789abcdef.mp4",
    "cover_url": "covers/0123456789abcdef0123456789abcdef.jpg",
}


def main(folder: Path) -> None:
    """Build, measure, print the table.

    Raises:
        BuildError: Go's tools failed.
    """
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        sys.exit("scripts/bench --rpc needs Go: https://go.dev/dl")
    programs = build("modern", folder, go)
    heads = ("case", "connections", "calls/s", "server CPU us", "client CPU us")
    print(f"{'':<24}{heads[0]:<11}{heads[1]:>12}{heads[2]:>10}{heads[3]:>15}{heads[4]:>15}")
    with _serving([sys.executable, "-m", "scripts.benchmark.rpc", "serve"]) as (ours, our_pid):
        with _serving([str(programs.server), "-service", "videoservice", "-addr"]) as (kitex, pid):
            _fill(programs, kitex)
            for case in CASES:
                for workers in CALLS:
                    _row("Kitex -> Kitex", case, workers, pid, _kitex(programs, kitex))
                    _row("Kitex -> our server", case, workers, our_pid, _kitex(programs, ours))
                    _row("our client -> Kitex", case, workers, pid, _ours(kitex))


def _row(name: str, case: str, workers: int, server: int, run: Any) -> None:
    run(case, workers, CALLS[workers] // 10)
    before = processes.cpu_seconds(server)
    seen = run(case, workers, CALLS[workers])
    served = processes.cpu_seconds(server) - before
    calls = CALLS[workers]
    print(
        f"{name:<24}{case:<11}{workers:>12}{calls / seen['seconds']:>10.0f}"
        f"{1e6 * served / calls:>15.1f}{1e6 * seen['cpu_seconds'] / calls:>15.1f}",
        flush=True,
    )


def _kitex(programs: Programs, port: int) -> Any:
    def run(case: str, workers: int, calls: int) -> Any:
        method, request = CASES[case]
        line = {"id": 1, "service": "VideoService", "method": method, "request": request}
        command = [str(programs.client), "-hosts", f"videoservice=127.0.0.1:{port}"]
        command += ["-bench", str(calls), "-workers", str(workers)]
        done = subprocess.run(
            command, input=json.dumps(line), stdout=subprocess.PIPE, text=True, check=True,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return json.loads(done.stdout)

    return run


def _ours(port: int) -> Any:
    def run(case: str, workers: int, calls: int) -> Any:
        command = [sys.executable, "-m", "scripts.benchmark.rpc", "call", str(port), case]
        done = subprocess.run(
            [*command, str(workers), str(calls)], stdout=subprocess.PIPE, text=True, check=True
        )
        return json.loads(done.stdout)

    return run


def _fill(programs: Programs, port: int) -> None:
    line = {"service": "VideoService", "method": "CreateVideoMethod", "request": _CREATE}
    lines = "\n".join(json.dumps({"id": n, **line}) for n in range(VIDEOS))
    command = [str(programs.client), "-hosts", f"videoservice=127.0.0.1:{port}"]
    subprocess.run(command, input=lines, stdout=subprocess.DEVNULL, text=True, check=True)


@contextmanager
def _serving(command: list[str]) -> Iterator[tuple[int, int]]:
    reserved = network.ReservedPort()
    port = reserved.number
    process = subprocess.Popen([*command, f"127.0.0.1:{port}"], stderr=subprocess.DEVNULL)
    try:
        while not network.in_use(port):
            time.sleep(0.05)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


class _Memory:
    """VideoService from memory; only what is measured."""

    def __init__(self) -> None:
        self._videos = [
            videomicro.Video(id=n, favorite_count=0, comment_count=0, **_CREATE)
            for n in range(VIDEOS)
        ]

    def __getattr__(self, name: str) -> Any:
        if name not in videomicro.CONTRACT.methods():
            raise AttributeError(name)

        async def missing(_request: Any) -> Any:
            raise NotImplementedError

        return missing

    async def GetVideoAuthorIdMethod(self, request: Any) -> Any:
        """Answer a tiny message."""
        return videomicro.GetVideoAuthorIdResp.ok(author_id=request.id)

    async def GetVideosFeedMethod(self, _request: Any) -> Any:
        """Answer 30 videos."""
        return videomicro.GetVideosFeedResp.ok(next_time=1, video_list=self._videos)


async def _serve(address: str) -> None:
    handlers: videomicro.Handlers = {
        "VideoService": cast("videomicro.VideoServiceHandler", _Memory())
    }
    server = Server("videoservice", videomicro.CONTRACT, handlers, ServerLimits())
    host, _, port = address.rpartition(":")
    await server.listen(host, int(port))
    freeze_gc()
    await asyncio.Event().wait()


async def _call(port: str, case: str, workers: int, calls: int) -> None:
    method, request = CASES[case]
    settings = load(Settings, {}, rpc_transport="framed")  # as Kitex's client here
    resolver = StaticResolver({}, {"videoservice": int(port)})
    client = Client("videoservice", videomicro.CONTRACT, resolver, settings, "bench")
    call = getattr(client, method)

    async def work() -> None:
        for _ in range(calls // workers):
            await call(**request)

    await call(**request)
    freeze_gc()  # as every process of ours does
    cpu, started = time.process_time(), time.perf_counter()
    await asyncio.gather(*(work() for _ in range(workers)))
    seconds, used = time.perf_counter() - started, time.process_time() - cpu
    print(json.dumps({"seconds": seconds, "cpu_seconds": used}))
    await client.close()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        uvloop.run(_serve(sys.argv[2]))
    else:
        _port, _case, _workers, _calls = sys.argv[2:]
        uvloop.run(_call(_port, _case, int(_workers), int(_calls)))
