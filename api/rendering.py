"""Making the renditions of published videos, in the background.

videoservice has the list of what is to be done (see `videomicro.dal.rendition`). Every API process
works on one video at a time, in a media process of the lowest priority, under a lease that it
renews. If the process is killed, another one begins anew when the lease has expired. The objects of
each attempt have names of their own; those of a killed attempt are removed as orphans.
"""

import asyncio
import logging
import random
import re
import secrets
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from api.clients import Clients
from api.media import MediaWorkers, ProcessEnded, Rendered
from api.media.ladder import LARGE, SMALL
from idl import videomicro
from microkit.background import end, periodically
from microkit.errors import Error, ParamError, cause_of
from microkit.storage.objects import Objects, discard

_log = logging.getLogger(__name__)

RENDITIONS: Final = "renditions"
COVERS: Final = "covers"
PLAYLIST: Final = "m3u8"
_TYPES: Final = {
    "mp4": "video/mp4",
    "m4s": "video/mp4",
    PLAYLIST: "application/vnd.apple.mpegurl",
}
_KEY: Final = re.compile(rf"({RENDITIONS}/[0-9a-f]{{32}})(\.[0-9]+p)?\.(mp4|m4s|m3u8)")
_KEEPS: Final = 12  # renewals in the duration of a lease


def is_rendition(key: str) -> bool:
    """Whether a key is one of the objects of a rendition."""
    return bool(_KEY.fullmatch(key))


def named_by(key: str) -> str:
    """Return the key by which a row refers to an object: that of the playlist for renditions."""
    return f"{key.partition('.')[0]}.{PLAYLIST}" if is_rendition(key) else key


def kept_with(key: str) -> set[str]:
    """Return the keys of all objects that exist because a row refers to `key`."""
    if not is_rendition(key):
        return {key}
    name = key.partition(".")[0]
    levels = {f"{name}.{level.name}.{kind}" for level in (SMALL, LARGE) for kind in _TYPES}
    return levels | {f"{name}.{PLAYLIST}"}


class Rendering:
    """Makes renditions, one after another.

    Args:
        clients: the services.
        objects: the object store.
        workers: the media processes for this.
        folder: holds the files until they are stored.
        lease_seconds: how long nobody else takes up the work of a process that is gone; also the
            time from one question for work to the next, if there was none.
    """

    def __init__(
        self,
        clients: Clients,
        objects: Objects,
        workers: MediaWorkers,
        folder: Path,
        lease_seconds: int,
    ) -> None:
        self._clients = clients
        self._objects = objects
        self._workers = workers
        self._folder = folder
        self._lease_seconds = lease_seconds
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Ask for work now: there is some."""
        self._woken.set()

    async def run(self) -> None:
        """Make renditions, until cancelled."""
        await periodically("renditions", self._step)

    async def _step(self) -> float:
        self._woken.clear()
        if not await self._next():
            await self._wait(self._lease_seconds * random.uniform(0.5, 1))
        return 0

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            pass

    async def _next(self) -> bool:
        """Do the next piece of work; return whether there was any."""
        await self._objects.check()  # while the store is down, nothing is attempted
        attempt = secrets.token_hex(16)
        claim = await self._clients.videos.ClaimRenditionMethod(
            attempt=attempt, lease_seconds=self._lease_seconds
        )
        if claim.job is None:
            return False
        await _Attempt(self._clients, self._objects, claim.job, attempt, self._lease_seconds).work(
            self._workers, self._folder
        )
        return True


class _Result(NamedTuple):
    """The keys of the best MP4 and of the covers to choose from."""

    play_url: str
    covers: list[str]


class _Attempt:
    """One attempt to make the renditions of one video."""

    def __init__(
        self,
        clients: Clients,
        objects: Objects,
        job: videomicro.RenditionJob,
        name: str,
        lease_seconds: int,
    ) -> None:
        self._videos = clients.videos
        self._objects = objects
        self._job = job
        self._name = name
        self._lease_seconds = lease_seconds
        self._percent = 0
        self._stored: list[str] = []
        self._in_use = False  # whether a row refers, or may refer, to the stored objects

    async def work(self, workers: MediaWorkers, parent: Path) -> None:
        """Make and store the renditions, and tell videoservice.

        Raises:
            Error, OSError: something failed that may work later.
        """
        try:
            folder = Path(await asyncio.to_thread(tempfile.mkdtemp, dir=parent))
            try:
                await self._work_in(folder, workers)
            finally:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        except (Error, OSError) as error:
            _log.warning(
                "video %d: the conversion was interrupted: %s", self._job.video_id, cause_of(error)
            )
            await self._give_back(counts=isinstance(error, ProcessEnded))
            raise
        finally:
            if not self._in_use:
                await discard(self._objects, self._stored)

    async def _work_in(self, folder: Path, workers: MediaWorkers) -> None:
        task = asyncio.create_task(self._make(workers, folder))
        try:
            await self._hold_while(task)
        finally:
            await end(task)
        await self._finish(task)

    async def _make(self, workers: MediaWorkers, folder: Path) -> _Result:
        """Store the renditions and covers."""
        source = await self._objects.fetch(self._job.play_url, folder)
        rendered = await workers.render(source, folder, self._name, self._note)
        for suffix in _in_order(rendered):
            key = f"{RENDITIONS}/{self._name}.{suffix}"
            await self._store(key, rendered.files[suffix], _TYPES[suffix.rpartition(".")[2]])
        covers = {f"{COVERS}/{secrets.token_hex(16)}.jpg": path for path in rendered.covers}
        for key, path in covers.items():
            await self._store(key, path, "image/jpeg")
        return _Result(f"{RENDITIONS}/{self._name}.{rendered.play}", list(covers))

    async def _store(self, key: str, path: Path, kind: str) -> None:
        self._stored.append(key)
        await self._objects.put(key, path, kind)

    def _note(self, percent: int) -> None:
        self._percent = percent

    async def _hold_while(self, task: "asyncio.Task[_Result]") -> None:
        """Renew the lease until the work ends; end the work if the lease is lost."""
        every = self._lease_seconds / _KEEPS
        while not (await asyncio.wait((task,), timeout=every))[0]:
            try:
                if not await self._keep(self._lease_seconds):
                    return
            except Error as error:  # the lease lasts longer
                _log.warning("renditions: cannot renew a lease: %s", error.cause)

    async def _finish(self, task: "asyncio.Task[_Result]") -> None:
        """Tell videoservice the result."""
        if task.cancelled():
            return  # the lease was lost
        try:
            play_url, covers = task.result()
        except ParamError as error:
            _log.warning("video %d cannot be converted: %s", self._job.video_id, error.cause)
            await self._videos.FinishRenditionMethod(
                video_id=self._job.video_id, attempt=self._name
            )
            return
        self._in_use = True  # also if the answer is lost
        answer = await self._videos.FinishRenditionMethod(
            video_id=self._job.video_id,
            attempt=self._name,
            play_url=play_url,
            hls_url=f"{RENDITIONS}/{self._name}.{PLAYLIST}",
            covers=covers,
        )
        self._in_use = bool(answer.held)
        if answer.replaced:
            await discard(self._objects, [answer.replaced])

    async def _give_back(self, *, counts: bool) -> None:
        """End the attempt. The next one is soon if it counts, else after a while.

        videoservice gives a video up after ten attempts that count.
        """
        with suppress(Error):
            if counts:
                await self._keep(lease_seconds=1)
            else:
                await self._keep(self._lease_seconds, interrupted=True)

    async def _keep(self, lease_seconds: int, *, interrupted: bool | None = None) -> bool:
        answer = await self._videos.KeepRenditionMethod(
            video_id=self._job.video_id,
            attempt=self._name,
            lease_seconds=lease_seconds,
            progress=self._percent,
            interrupted=interrupted,
        )
        return bool(answer.held)


def _in_order(rendered: Rendered) -> list[str]:
    """Return the suffixes of the files, those that others refer to first."""
    return sorted(
        rendered.files, key=lambda suffix: (suffix.endswith(PLAYLIST), suffix == PLAYLIST)
    )
