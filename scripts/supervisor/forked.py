"""Processes that are forked from a template process."""

import asyncio
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
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


@dataclass(frozen=True, slots=True)
class _Running:
    """A running template: who waits for a fork, in order, and what was forked, by process id."""

    process: Child
    writer: asyncio.StreamWriter
    waiting: deque[asyncio.Future[ForkedProcess]] = field(default_factory=deque)
    forked: dict[int, ForkedProcess] = field(default_factory=dict)

    def fork(self, package: str, environment: Mapping[str, str]) -> asyncio.Future[ForkedProcess]:
        request = {"package": package, "environment": dict(environment)}
        self.writer.write(msgspec.json.encode(request) + b"\n")
        reply: asyncio.Future[ForkedProcess] = asyncio.get_running_loop().create_future()
        self.waiting.append(reply)
        return reply

    def received(self, report: _Report) -> None:
        if report.pid:
            forked = self.forked[report.pid] = ForkedProcess(report.pid)
            reply = self.waiting.popleft()
            if not reply.done():
                reply.set_result(forked)
        else:
            self.forked.pop(report.exited).exited.set_result(report.code)

    async def ended(self) -> None:
        """Fail who waits, and wait until all forked processes, which get SIGTERM, have ended."""
        self.writer.close()
        await self.process.wait()
        for reply in self.waiting:
            if not reply.done():
                reply.set_exception(OSError("the template process ended"))
        await asyncio.gather(*map(_gone, self.forked.values()))


class Template:
    """The template process (scripts/supervisor/template.py), started with the first fork.

    If it is killed, the processes forked from it get SIGTERM, and the next fork starts another one.

    Args:
        pass_fds: file descriptors that all forked processes inherit.
    """

    def __init__(self, pass_fds: Sequence[int] = ()) -> None:
        self._pass_fds = tuple(pass_fds)
        self._starting = asyncio.Lock()
        self._running: _Running | None = None
        self._reading: set[asyncio.Task[None]] = set()

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
        async with self._starting:
            running = self._running or await self._started()
        return await running.fork(package, environment)

    async def close(self) -> None:
        """End the template process; the processes forked from it have to have ended."""
        if self._running is not None:
            with suppress(ProcessLookupError):
                self._running.process.send_signal(signal.SIGTERM)
        await asyncio.gather(*self._reading)

    async def _started(self) -> _Running:
        ours, its = socket.socketpair()
        with its:
            spawn = executed(
                (sys.executable, "-m", "scripts.supervisor.template", str(its.fileno())),
                os.environ,
                (its.fileno(), *self._pass_fds),
            )
            process = await spawn()
        reader, writer = await asyncio.open_connection(sock=ours)
        self._running = _Running(process, writer)
        task = asyncio.create_task(self._read(reader, self._running))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)
        return self._running

    async def _read(self, reader: asyncio.StreamReader, running: _Running) -> None:
        with suppress(ConnectionError):
            async for line in reader:
                running.received(msgspec.json.decode(line, type=_Report))
        self._running = None
        await running.ended()


async def _gone(forked: ForkedProcess) -> None:
    """Wait for the end of a process that the template, killed before, can no longer report."""
    while _runs(forked.pid):  # noqa: ASYNC110 - the kernel tells only the parent
        await asyncio.sleep(_POLL_SECONDS)
    forked.exited.set_result(-signal.SIGTERM)


def _runs(pid: int) -> bool:
    """Return whether a process has not exited; in a container nobody may read its exit code."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
