"""A process that is kept running."""

import asyncio
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from microkit.process import ends_with_parent

_RESTART_SECONDS: Final = 0.5
_LONGEST_RESTART_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 8.0
_LIVED_LONG: Final = 10.0


class Child:
    """One process: started, started again whenever it ends, and stopped.

    Args:
        name: what people call it.
        command: the program and its arguments.
        environment: all of its environment.
        keep: an open file that it inherits.
        say: takes lines for the person who watches.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        keep: int,
        say: Callable[[str], None],
    ) -> None:
        self.name = name
        self._command = command
        self._environment = environment
        self._keep = keep
        self._say = say
        self._process: Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it, and keep it running from now on."""
        self._process = await self._spawn()
        self._keeper = asyncio.create_task(self._keep_running(self._process))

    async def stop(self) -> None:
        """End it: SIGTERM, and SIGKILL if that takes too long."""
        if self._keeper is None:
            return
        self._keeper.cancel()
        await asyncio.wait((self._keeper,))
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            self._say(f"{self.name} does not stop: killed")
            process.kill()
            await process.wait()

    async def _keep_running(self, process: Process) -> None:
        loop = asyncio.get_running_loop()
        pause = _RESTART_SECONDS
        while True:
            started = loop.time()
            code = await process.wait()
            pause = _RESTART_SECONDS if loop.time() - started > _LIVED_LONG else pause * 2
            pause = min(pause, _LONGEST_RESTART_SECONDS)
            self._say(f"{self.name} ended ({_why(code)}); starts again in {pause:g} s")
            await asyncio.sleep(pause)
            self._process = process = await self._spawn()

    async def _spawn(self) -> Process:
        return await asyncio.create_subprocess_exec(
            *self._command,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=sys.stderr,  # standard output is the supervisor's own
            pass_fds=(self._keep,),
            start_new_session=True,  # Ctrl-C reaches the supervisor only, which stops in order
            preexec_fn=ends_with_parent(),
        )


def _why(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
