"""Supervised child processes: started, restarted when they exit, and stopped."""

import asyncio
import ctypes
import os
import signal
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final, Protocol

_PR_SET_PDEATHSIG: Final = 1
_MIN_BACKOFF_SECONDS: Final = 0.5
_MAX_BACKOFF_SECONDS: Final = 10.0
_STABLE_SECONDS: Final = 10.0  # a process that ran this long resets the backoff
_STOP_SECONDS: Final = 8.0


# The exit code of a process that a restart cannot help (EX_CONFIG of <sysexits.h>).
NOT_RESTARTABLE: Final = 78


class Child(Protocol):
    """A child process, such as `asyncio.subprocess.Process`."""

    @property
    def pid(self) -> int:
        """The process id."""

    @property
    def returncode(self) -> int | None:
        """The exit code, -N after signal N, None while it runs."""

    async def wait(self) -> int:
        """Wait for the exit and return its code."""

    def send_signal(self, number: int, /) -> None:
        """Send a signal; ProcessLookupError: it does not run any more."""


def executed(
    command: Sequence[str], environment: Mapping[str, str], pass_fds: Sequence[int] = ()
) -> Callable[[], Awaitable[Child]]:
    """Return a function that starts a program, as `SupervisedProcess` takes it.

    The program runs in a session of its own, so that Ctrl-C reaches only the parent, and gets
    SIGTERM when the parent is killed.

    Args:
        command: the program and its arguments.
        environment: its complete environment.
        pass_fds: file descriptors that it inherits.
    """

    async def spawn() -> Child:
        return await asyncio.create_subprocess_exec(
            *command,
            env=environment,
            stdin=DEVNULL,
            stdout=sys.stderr,  # standard output belongs to the parent
            pass_fds=tuple(pass_fds),
            start_new_session=True,
            preexec_fn=terminate_with_parent(),
        )

    return spawn


class SupervisedProcess:
    """A child process that is restarted whenever it exits, until it is stopped.

    Args:
        name: the name of the process in messages.
        spawn: starts the process; OSError: it cannot be started.
        say: called with a line when the process exits unexpectedly or has to be killed.
        stop_seconds: the time from SIGTERM to SIGKILL.
        diagnose: returns why it cannot run, after an exit that a restart does not help; else "".

    `failure`: the reason of an exit after which a restart does not help; empty without one.
    """

    def __init__(
        self,
        name: str,
        spawn: Callable[[], Awaitable[Child]],
        *,
        say: Callable[[str], object],
        stop_seconds: float = _STOP_SECONDS,
        diagnose: Callable[[], str] = lambda: "",
    ) -> None:
        self.name = name
        self._spawn = spawn
        self._say = say
        self._stop_seconds = stop_seconds
        self._diagnose = diagnose
        self.failure = ""
        self._process: Child | None = None
        self._supervision: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """The process id, None while it does not run."""
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        """Start the process and restart it when it exits, with a backoff of 0.5 s to 10 s.

        Raises:
            OSError: the program cannot be executed.
        """
        self._process = await self._spawn()
        self._supervision = asyncio.create_task(self._supervise())

    async def stop(self) -> None:
        """Send SIGTERM, and SIGKILL after `stop_seconds`; does nothing if it does not run."""
        self._stopping.set()
        if self._supervision is None:
            return
        self._signal(signal.SIGTERM)
        exited, _ = await asyncio.wait((self._supervision,), timeout=self._stop_seconds)
        if not exited:
            self._say(f"{self.name} did not stop in {self._stop_seconds:g} s: killed")
            self._signal(signal.SIGKILL)
            await asyncio.wait((self._supervision,))

    async def _supervise(self) -> None:
        loop = asyncio.get_running_loop()
        backoff = _MIN_BACKOFF_SECONDS
        while True:
            started = loop.time()
            reason = await self._exit_reason()
            if self._stopping.is_set():
                return
            self.failure = self._diagnose() or self.failure
            if loop.time() - started > _STABLE_SECONDS:
                backoff = _MIN_BACKOFF_SECONDS
            self._say(f"{self.name} exited ({reason}); restarts in {backoff:g} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), backoff)
                return
            backoff = min(2 * backoff, _MAX_BACKOFF_SECONDS)
            self._process = None

    async def _exit_reason(self) -> str:
        """Start the process if it does not run, wait for its exit, and return the reason."""
        if self._process is None:
            try:
                self._process = await self._spawn()
            except OSError as error:
                return str(error)
            if self._stopping.is_set():  # stop() was called during the start
                self._signal(signal.SIGTERM)
        code = await self._process.wait()
        if code == NOT_RESTARTABLE:
            self.failure = f"{self.name} cannot start, see its message above"
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)


def terminate_with_parent() -> Callable[[], None]:
    """Return a ``preexec_fn`` that makes Linux send SIGTERM to the child when this process dies.

    It runs in the child, between fork and exec.
    """
    parent = os.getpid()

    def set_death_signal() -> None:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:  # the parent died before prctl
                os._exit(1)

    return set_death_signal
