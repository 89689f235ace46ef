"""Processes that are forked from a template process."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from microkit.process import Child, executed

_POLL_SECONDS: Final = 0.05


class ForkedProcess:
    """A process forked from the template; like `asyncio.subprocess.Process`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def returncode(self) -> int | None:
        """The exit code, -N after signal N, None while it runs."""
        return self.exited.result() if self.exited.done() else None

    async def wait(self) -> int:
        """Wait for the exit and return its code."""
        return await asyncio.shield(self.exited)

    def send_signal(self, number: int) -> None:
        """Send a signal.

        Raises:
            ProcessLookupError: it does not run any more.
        """
        os.kill(self.pid, number)


class _Report(msgspec.Struct):
    """A line from the template process."""

    pid: int = 0
    exited: int = 0
    code: int = 0


class Template:
    """The template process (scripts/supervisor/template.py), started with the first fork.

    If it is killed, the processes forked from it get SIGTERM, and the next fork starts another one.

    Args:
        pass_fds: file descriptors that all forked processes inherit.
    """

    def __init__(self, pass_fds: Sequence[int] = ()) -> None:
        self._pass_fds = tuple(pass_fds)
        self._lock = asyncio.Lock()
        self._process: Child | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._forked: dict[int, ForkedProcess] = {}
        self._replies: asyncio.Queue[ForkedProcess | None] = asyncio.Queue()

    def forks(
        self, package: str, environment: Mapping[str, str]
    ) -> Callable[[], Awaitable[ForkedProcess]]:
        """Return a function that starts ``python -m package``, as `SupervisedProcess` takes it."""
        return lambda: self.fork(package, environment)

    async def fork(self, package: str, environment: Mapping[str, str]) -> ForkedProcess:
        """Start ``python -m package`` with this environment, in a session of its own.

        Raises:
            OSError: the template process ended before it had forked.
        """
        line = msgspec.json.encode({"package": package, "environment": dict(environment)})
        async with self._lock:
            writer = self._writer or await self._started()
            writer.write(line + b"\n")
            forked = await self._replies.get()
        if forked is None:
            raise OSError("the template process ended")
        return forked

    async def close(self) -> None:
        """End the template process; the processes forked from it have to have ended."""
        if self._process is not None and self._reading is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)
            await self._reading

    async def _started(self) -> asyncio.StreamWriter:
        ours, its = socket.socketpair()
        with its:
            spawn = executed(
                (sys.executable, "-m", "scripts.supervisor.template", str(its.fileno())),
                os.environ,
                (its.fileno(), *self._pass_fds),
            )
            self._process = await spawn()
        reader, self._writer = await asyncio.open_connection(sock=ours)
        self._reading = asyncio.create_task(self._read(reader, self._writer, self._process))
        return self._writer

    async def _read(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, process: Child
    ) -> None:
        with suppress(ConnectionError):
            async for line in reader:
                self._received(msgspec.json.decode(line, type=_Report))
        self._writer = None
        writer.close()
        await process.wait()
        if self._lock.locked():
            self._replies.put_nowait(None)
        orphans, self._forked = self._forked, {}
        await asyncio.gather(*map(_gone, orphans.values()))

    def _received(self, report: _Report) -> None:
        if report.pid:
            forked = self._forked[report.pid] = ForkedProcess(report.pid)
            self._replies.put_nowait(forked)
        else:
            self._forked.pop(report.exited).exited.set_result(report.code)


async def _gone(forked: ForkedProcess) -> None:
    """Wait for the end of a process that the template, killed before, can no longer report."""
    with suppress(ProcessLookupError):
        while True:
            forked.send_signal(0)
            await asyncio.sleep(_POLL_SECONDS)
    forked.exited.set_result(-signal.SIGTERM)
