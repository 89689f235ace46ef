"""The pool of child processes. Runs in the API's process, which never loads PyAV."""

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from api.media.messages import Processed, Reply, Request, decode_reply, encode
from api.turns import Turns
from microkit.errors import ParamError, Unavailable
from microkit.observe import observed

_log = logging.getLogger(__name__)
# `python -m` imports from its working directory.
_IMPORT_FROM: Final = Path(__file__).resolve().parents[2]


@dataclass
class Child:
    """One child process. It serves one request at a time."""

    process: Process
    retirement: asyncio.TimerHandle | None = None

    @classmethod
    async def start(cls) -> Self:
        """Start the process with an empty environment, so that it has no secrets."""
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "api.media.child",
                stdin=PIPE, stdout=PIPE, cwd=_IMPORT_FROM, env={},
            )
        )  # fmt: skip

    @property
    def alive(self) -> bool:
        """Return whether the process has not been seen to end."""
        return self.process.returncode is None

    async def ask(self, request: Request) -> Reply:
        """Send a request and return the reply.

        Raises:
            OSError, EOFError: the process ended before it replied.
        """
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None and stdout is not None  # noqa: S101, PT018  # both are PIPE
        try:
            stdin.write(encode(request))
            await stdin.drain()
        except RuntimeError as error:  # uvloop raises this for a closed pipe
            raise EOFError("the media process ended") from error
        line = await stdout.readline()
        if not line:
            raise EOFError("the media process ended")
        return decode_reply(line)

    def kill(self) -> None:
        """End the process at once; no effect when it has ended."""
        if self.alive:
            self.process.kill()

    def keep(self) -> None:
        """Cancel the scheduled end of an idle process."""
        if self.retirement is not None:
            self.retirement.cancel()
            self.retirement = None


class MediaWorkers:
    """A pool of limited child processes for uploads; an async context manager.

    The first upload starts the first process. Processes stay warm between uploads and end after
    an idle time, so that an idle API uses no memory for them.

    Args:
        workers: how many uploads are processed at once.
        waiting: how many more may wait; users are served round-robin.
        timeout_seconds: the time limit of one upload (wall clock).
        idle_seconds: how long an idle process is kept.
    """

    def __init__(
        self,
        *,
        workers: int = 1,
        waiting: int = 64,
        timeout_seconds: float = 30.0,
        idle_seconds: float = 60.0,
    ) -> None:
        self._turns = Turns(workers, waiting, refusal="视频处理繁忙，请稍后再试", name="media")
        self._timeout_seconds = timeout_seconds
        self._idle_seconds = idle_seconds
        self._idle: list[Child] = []
        self._started: list[Child] = []
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed = True
        for child in self._started:
            child.kill()
        await self._turns.drain()  # calls in flight fail now, and no new ones start
        for child in self._started:
            child.kill()
            await child.process.wait()
            child.keep()

    async def process(self, source: Path, folder: Path, user_id: int = 0) -> Processed:
        """Check the video `source` and make its cover and, if needed, a copy to store.

        Args:
            source: the upload; it is not changed.
            folder: an existing folder for new files; the caller removes it.
            user_id: the uploading user.

        Raises:
            ParamError: the file is not a playable video, or processing took too long.
            Overloaded: the queue is full.
            Unavailable: the pool is closed.
        """
        async with self._turns.turn(user_id):
            with observed("media", "media", "process"):
                reply = await self._ask(Request(source, folder))
        if reply.processed is None:
            raise ParamError(reply.refusal)
        return reply.processed

    async def _ask(self, request: Request) -> Reply:
        try:
            return await self._ask_once(request)
        except (EOFError, OSError) as error:
            # The process may have ended before it read the video: try once more.
            _log.warning("media process ended before it replied: %r; retrying", error)
        try:
            return await self._ask_once(request)
        except (EOFError, OSError) as error:
            raise ParamError("无法处理该视频，请换一个视频再试") from error

    async def _ask_once(self, request: Request) -> Reply:
        child = await self._acquire()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                reply = await child.ask(request)
        except TimeoutError as error:  # also an OSError, so it comes first
            self._check_open()
            _log.warning("media process %d exceeded its time limit", child.process.pid)
            raise ParamError("无法处理该视频，请换一个视频再试") from error
        except (EOFError, OSError):
            self._check_open()
            raise
        else:
            self._release(child)
            return reply
        finally:
            if child not in self._idle:  # interrupted: its next reply would be stale
                child.kill()

    def _check_open(self) -> None:
        if self._closed:
            raise Unavailable("服务正在停止，请稍后再试")

    async def _acquire(self) -> Child:
        self._check_open()
        while self._idle:
            child = self._idle.pop()
            child.keep()
            if child.alive:
                return child
        self._started = [child for child in self._started if child.alive]
        child = await Child.start()
        self._started.append(child)
        self._check_open()
        return child

    def _release(self, child: Child) -> None:
        self._idle.append(child)
        loop = asyncio.get_running_loop()
        child.retirement = loop.call_later(self._idle_seconds, self._retire, child)

    def _retire(self, child: Child) -> None:
        self._idle.remove(child)
        child.kill()
