"""The pool of child processes. Runs in the API's process, which never loads PyAV."""

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from api.media.messages import Processed, Rendered, Reply, Request, decode_reply, encode
from api.turns import Turns
from microkit.errors import ParamError, Unavailable
from microkit.observe import observed

_log = logging.getLogger(__name__)
# `python -m` imports from its working directory.
_IMPORT_FROM: Final = Path(__file__).resolve().parents[2]


Progress = Callable[[int], None]
"""Called with the percentage that is done."""


class ProcessEnded(Unavailable):
    """The media process ended in the middle of a video, which may be the cause."""


def _ignore(percent: int) -> None:
    """Progress that nobody follows."""


@dataclass
class MediaProcess:
    """One child process. It serves one request at a time."""

    process: Process
    retirement: asyncio.TimerHandle | None = None

    @classmethod
    async def start(cls, niceness: int) -> Self:
        """Start the process with an empty environment, so that it has no secrets."""
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "api.media.child", str(niceness),
                stdin=PIPE, stdout=PIPE, cwd=_IMPORT_FROM, env={},
            )
        )  # fmt: skip

    @property
    def alive(self) -> bool:
        """Return whether the process has not been seen to end."""
        return self.process.returncode is None

    async def ask(self, request: Request, progress: Progress) -> Reply:
        """Send a request and return its last reply; `progress` is called with what is done.

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
        while line := await stdout.readline():
            reply = decode_reply(line)
            if reply.percent is None:
                return reply
            progress(reply.percent)
        raise EOFError("the media process ended")

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
        timeout_seconds: the time limit from a request or a sign of progress to the next one (wall
            clock).
        idle_seconds: how long an idle process is kept.
        niceness: how far the processes give way to all others, 0 to 19.
        name: what the workers are for, in metrics.
    """

    def __init__(
        self,
        *,
        workers: int = 1,
        waiting: int = 64,
        timeout_seconds: float = 30.0,
        idle_seconds: float = 60.0,
        niceness: int = 10,
        name: str = "media",
    ) -> None:
        self._turns = Turns(workers, waiting, refusal="视频处理繁忙，请稍后再试", name=name)
        self._timeout_seconds = timeout_seconds
        self._idle_seconds = idle_seconds
        self._niceness = niceness
        self._idle: list[MediaProcess] = []
        self._started: list[MediaProcess] = []
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

    async def process(
        self, source: Path, folder: Path, user_id: int = 0, *, convertible: bool = False
    ) -> Processed:
        """Check the video `source` and make its cover and, if needed, a copy to store.

        Args:
            source: the upload; it is not changed.
            folder: an existing folder for new files; the caller removes it.
            user_id: the uploading user.
            convertible: whether a video is allowed that plays only after a conversion.

        Raises:
            ParamError: the file is not a playable video, or processing took too long.
            Overloaded: the queue is full.
            Unavailable: the pool is closed.
        """
        async with self._turns.turn(user_id):
            with observed("media", "media", "process"):
                reply = await self._ask(Request(source, folder, convertible))
        if reply.processed is None:
            raise ParamError(reply.refusal)
        return reply.processed

    async def picture(
        self, source: Path, folder: Path, size: tuple[int, int], user_id: int = 0
    ) -> Path:
        """Return a new file with the middle of a picture, as a JPEG.

        Args:
            source: the upload; it is not changed.
            folder: an existing folder for the new file; the caller removes it.
            size: width and height, whose ratio the result has; it is never enlarged.
            user_id: the uploading user.

        Raises:
            ParamError: the file is no picture, or processing took too long.
            Overloaded: the queue is full.
            Unavailable: the pool is closed.
        """
        async with self._turns.turn(user_id):
            with observed("media", "media", "picture"):
                reply = await self._ask(Request(source, folder, size=size))
        if reply.picture is None:
            raise ParamError(reply.refusal)
        return reply.picture

    async def render(self, source: Path, folder: Path, name: str, progress: Progress) -> Rendered:
        """Make the renditions of a video.

        Args:
            source: a video that `process` has accepted.
            folder: an existing folder for new files; the caller removes it.
            name: the beginning of the names of the files.
            progress: called with the percentage that is done.

        Raises:
            ParamError: the video cannot be converted, or the process stood still.
            ProcessEnded: the process ended.
            Unavailable: the pool is closed.
        """
        async with self._turns.turn(0):
            with observed("media", "media", "render"):
                request = Request(source, folder, name=name)
                try:
                    reply = await self._ask_once(request, progress)
                except (EOFError, OSError) as error:
                    raise ProcessEnded("转码中断，稍后继续") from error
        if reply.rendered is None:
            raise ParamError(reply.refusal)
        return reply.rendered

    async def _ask(self, request: Request) -> Reply:
        try:
            return await self._ask_once(request)
        except (EOFError, OSError) as error:
            # The process may have ended before it read the video: try once more.
            _log.warning("media process ended before it replied: %r; retrying", error)
        try:
            return await self._ask_once(request)
        except (EOFError, OSError) as error:
            raise _failure(request) from error

    async def _ask_once(self, request: Request, progress: Progress = _ignore) -> Reply:
        child = await self._acquire()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout_seconds) as limit:

                def heard(percent: int) -> None:
                    limit.reschedule(loop.time() + self._timeout_seconds)
                    progress(percent)

                reply = await child.ask(request, heard)
        except TimeoutError as error:  # also an OSError, so it comes first
            self._check_open()
            _log.warning("media process %d exceeded its time limit", child.process.pid)
            raise _failure(request) from error
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

    async def _acquire(self) -> MediaProcess:
        self._check_open()
        while self._idle:
            child = self._idle.pop()
            child.keep()
            if child.alive:
                return child
        self._started = [child for child in self._started if child.alive]
        try:
            child = await MediaProcess.start(self._niceness)
        except OSError as error:  # no fault of the upload
            _log.error("no media process can be started: %r", error)
            raise Unavailable from error
        self._started.append(child)
        self._check_open()
        return child

    def _release(self, child: MediaProcess) -> None:
        self._idle.append(child)
        loop = asyncio.get_running_loop()
        child.retirement = loop.call_later(self._idle_seconds, self._retire, child)

    def _retire(self, child: MediaProcess) -> None:
        self._idle.remove(child)
        child.kill()


def _failure(request: Request) -> ParamError:
    """Return the error for an upload with which a process ended or hung."""
    if request.size:
        return ParamError("无法处理该图片，请换一张再试")
    return ParamError("无法处理该视频，请换一个视频再试")
