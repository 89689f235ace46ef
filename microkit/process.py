"""Processes that are kept running: started, restarted when they end, and stopped."""

import asyncio
import ctypes
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_RESTART_SECONDS: Final = 0.5
_LONGEST_RESTART_SECONDS: Final = 10.0
_LIVED_LONG_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 8.0


class SupervisedProcess:
    """A process that is started again whenever it ends, until it is stopped.

    It has a session of its own, so that Ctrl-C reaches its parent only, and it gets SIGTERM when
    its parent is killed.

    Args:
        name: its name in messages.
        command: the program and its arguments.
        environment: all of its environment.
        say: takes a line when it ends unasked and when it has to be killed.
        pass_fds: open files that it inherits.
        stop_seconds: from SIGTERM to SIGKILL.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        say: Callable[[str], object],
        pass_fds: Sequence[int] = (),
        stop_seconds: float = _STOP_SECONDS,
    ) -> None:
        self.name = name
        self._command = command
        self._environment = environment
        self._say = say
        self._pass_fds = pass_fds
        self._stop_seconds = stop_seconds
        self._process: Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    async def start(self) -> None:
        """Start it, and restart it from now on: after 0.5 s, and up to 10 s if it ends quickly.

        Raises:
            OSError: the program cannot be started.
        """
        self._process = await self._spawn()
        self._keeper = asyncio.create_task(self._keep_running())

    async def stop(self) -> None:
        """End it: SIGTERM, and SIGKILL if that takes too long. Harmless when it does not run."""
        self._stopping.set()
        if self._keeper is None:
            return
        self._signal(signal.SIGTERM)
        ended, _ = await asyncio.wait((self._keeper,), timeout=self._stop_seconds)
        if not ended:
            self._say(f"{self.name} does not stop: killed")
            self._signal(signal.SIGKILL)
            await asyncio.wait((self._keeper,))

    async def _keep_running(self) -> None:
        loop = asyncio.get_running_loop()
        pause = _RESTART_SECONDS
        while True:
            started = loop.time()
            reason = await self._ended()
            if self._stopping.is_set():
                return
            if loop.time() - started > _LIVED_LONG_SECONDS:
                pause = _RESTART_SECONDS
            self._say(f"{self.name} ended ({reason}); starts again in {pause:g} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
                return
            pause = min(2 * pause, _LONGEST_RESTART_SECONDS)
            self._process = None

    async def _ended(self) -> str:
        """Wait until the process ends, which is started first if it does not run; say why."""
        if self._process is None:
            try:
                self._process = await self._spawn()
            except OSError as error:
                return str(error)
            if self._stopping.is_set():  # while it started
                self._signal(signal.SIGTERM)
        code = await self._process.wait()
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def _spawn(self) -> Process:
        return await asyncio.create_subprocess_exec(
            *self._command,
            env=self._environment,
            stdin=DEVNULL,
            stdout=sys.stderr,  # standard output is the parent's own
            pass_fds=tuple(self._pass_fds),
            start_new_session=True,
            preexec_fn=ends_with_parent(),
        )


def ends_with_parent() -> Callable[[], None]:
    """Return a ``preexec_fn`` that makes Linux send the child SIGTERM when this process is killed.

    It is called in the child, between its start and its program.
    """
    parent = os.getpid()

    def ask() -> None:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:  # it was killed in between
                os._exit(1)

    return ask
