"""The pool of worker processes, seen from the API's process, which itself never loads PyAV."""

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from api.media.processed import Processed, Reply, Request, decode_reply, encode
from microkit.errors import ParamError, Unavailable

log = logging.getLogger(__name__)

IMPORT_FROM = Path(__file__).resolve().parents[2]  # `python -m` looks in its working directory


@dataclass
class Worker:
    """One process: it serves one request at a time."""

    process: Process
    retirement: asyncio.TimerHandle | None = None

    @classmethod
    async def start(cls) -> Self:
        """Starts the process, with an empty environment: it shall know no secrets."""
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "api.media.worker_process",
                stdin=PIPE, stdout=PIPE, cwd=IMPORT_FROM, env={},
            )
        )  # fmt: skip

    @property
    def alive(self) -> bool:
        """Whether the process still runs, as far as is known."""
        return self.process.returncode is None

    async def ask(self, request: Request) -> Reply:
        """Raises OSError or EOFError when the process ends instead of answering."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None and stdout is not None  # noqa: S101, PT018  # both are PIPE
        try:
            stdin.write(encode(request))
            await stdin.drain()
        except RuntimeError as error:  # uvloop's, for a pipe that it has closed by now
            raise EOFError("the media worker ended") from error
        line = await stdout.readline()
        if not line:
            raise EOFError("the media worker ended")
        return decode_reply(line)

    def kill(self) -> None:
        """Ends the process at once; harmless when it has ended."""
        if self.alive:
            self.process.kill()

    def keep(self) -> None:
        """Calls off the retirement of an idle worker."""
        if self.retirement is not None:
            self.retirement.cancel()
            self.retirement = None


class MediaWorkers:
    """Processes uploads, each in one of a few limited processes; an async context manager.

    The first upload starts the first process. Processes stay warm between uploads and end when
    they were idle for a while, so that an API at rest costs no memory for them.

    Args:
        workers: how many uploads are processed at once.
        waiting: how many more may wait for their turn.
        timeout_seconds: how long one may take, by the clock.
        idle_seconds: how long a process without work is kept.
    """

    def __init__(
        self,
        *,
        workers: int = 1,
        waiting: int = 16,
        timeout_seconds: float = 30.0,
        idle_seconds: float = 60.0,
    ) -> None:
        self._workers = workers
        self._places = workers + waiting
        self._turn = asyncio.Semaphore(workers)
        self._timeout_seconds = timeout_seconds
        self._idle_seconds = idle_seconds
        self._idle: list[Worker] = []
        self._started: list[Worker] = []
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
        for worker in self._started:
            worker.kill()
        for _ in range(self._workers):  # calls in flight fail now; none comes after them
            await self._turn.acquire()
        for worker in self._started:
            worker.kill()
            await worker.process.wait()
            worker.keep()

    async def process(self, source: Path, folder: Path) -> Processed:
        """Checks the video `source` and makes its cover and, if need be, a copy to store.

        Args:
            source: the upload. It is not changed.
            folder: an existing folder of the caller's for what is made, to be removed by it.

        Raises:
            ParamError: it is no video that can be played, or it took too long.
            Unavailable: too many are waiting, or the pool is closed.
        """
        if not self._places:
            raise Unavailable("视频处理繁忙，请稍后再试")
        self._places -= 1
        try:
            async with self._turn:
                reply = await self._ask(Request(source, folder))
        finally:
            self._places += 1
        if reply.processed is None:
            raise ParamError(reply.refusal)
        return reply.processed

    async def _ask(self, request: Request) -> Reply:
        try:
            return await self._ask_once(request)
        except (EOFError, OSError) as error:
            # It may have ended for a reason of its own, before it saw the video.
            log.warning("a media worker ended: %r", error)
        try:
            return await self._ask_once(request)
        except (EOFError, OSError) as error:
            raise ParamError("无法处理该视频，请换一个视频再试") from error

    async def _ask_once(self, request: Request) -> Reply:
        worker = await self._hire()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                reply = await worker.ask(request)
        except TimeoutError as error:  # an OSError, too: it comes first
            self._check_open()
            log.warning("media worker %d took too long", worker.process.pid)
            raise ParamError("无法处理该视频，请换一个视频再试") from error
        except (EOFError, OSError):
            self._check_open()
            raise
        else:
            self._rest(worker)
            return reply
        finally:
            if worker not in self._idle:  # whatever interrupted it, its next answer would be stale
                worker.kill()

    def _check_open(self) -> None:
        if self._closed:
            raise Unavailable("服务正在停止，请稍后再试")

    async def _hire(self) -> Worker:
        self._check_open()
        while self._idle:
            worker = self._idle.pop()
            worker.keep()
            if worker.alive:
                return worker
        self._started = [worker for worker in self._started if worker.alive]
        worker = await Worker.start()
        self._started.append(worker)
        self._check_open()
        return worker

    def _rest(self, worker: Worker) -> None:
        self._idle.append(worker)
        loop = asyncio.get_running_loop()
        worker.retirement = loop.call_later(self._idle_seconds, self._retire, worker)

    def _retire(self, worker: Worker) -> None:
        self._idle.remove(worker)
        worker.kill()
