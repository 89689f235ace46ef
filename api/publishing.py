"""Publishing a video: probe it, cut its cover, store both, then the row; or nothing of it."""

import asyncio
import enum
import logging
import secrets
from contextlib import suppress

from api.clients import Clients
from api.media import MediaWorkers
from api.upload import Upload
from microkit.background import BackgroundTasks
from microkit.errors import Error, ParamError, Retry
from microkit.storage.objects import Objects

_log = logging.getLogger(__name__)


class _Row(enum.Enum):
    """What is known about a video's row."""

    CREATED = "it is there"
    ABSENT = "it is not there and will not be"
    UNKNOWN = "it may be there, or still be created"


class Publishing:
    """The way of an upload.

    Where videoservice or its database did not answer nobody knows whether the row is, or will be,
    there. The objects stay until that is known: it is asked every `settle_seconds`, which are
    longer than its deadline.
    """

    def __init__(
        self,
        clients: Clients,
        objects: Objects,
        workers: MediaWorkers,
        settle_seconds: float = 15.0,
    ) -> None:
        self._clients = clients
        self._objects = objects
        self._workers = workers
        self._settle_seconds = settle_seconds
        self._settling = BackgroundTasks()

    async def close(self) -> None:
        """Stop asking."""
        await self._settling.close()

    async def publish(self, author_id: int, title: str, upload: Upload | None) -> None:
        """Publish what was uploaded.

        Raises:
            ParamError: there is no file, or it is no video.
            StoreError: the objects could not be stored.
            Unavailable: videoservice did not answer, or too many uploads wait.
        """
        if upload is None or upload.source is None:
            raise ParamError("缺少视频：请放在 data 字段")
        processed = await self._workers.process(upload.source, upload.folder, author_id)
        name = secrets.token_hex(16)
        video = f"videos/{name}{processed.probe.suffix}"
        cover = f"covers/{name}.jpg"
        try:
            await self._objects.put(video, processed.video, processed.probe.content_type)
            await self._objects.put(cover, processed.cover, "image/jpeg")
        except BaseException:
            await self._remove(video, cover)
            raise
        try:
            await self._clients.videos.CreateVideoMethod(
                title=title, author_id=author_id, play_url=video, cover_url=cover
            )
        except Error as error:
            row = await self._row_after(error, author_id, video)
            if row is _Row.CREATED:
                return
            if row is _Row.ABSENT:
                await self._remove(video, cover)
            else:
                self._settling.start(self._settle(author_id, video, cover))
            raise

    async def _row_after(self, error: Error, author_id: int, video: str) -> "_Row":
        """Return what is known about the row after CreateVideo failed with `error`."""
        if error.retry is not Retry.MAYBE_HANDLED:
            return _Row.ABSENT
        with suppress(Error):
            if await self._exists(author_id, video):
                return _Row.CREATED
        return _Row.UNKNOWN  # the call may still be under way

    async def _settle(self, author_id: int, video: str, cover: str) -> None:
        """Remove the objects once videoservice says that there is no row of theirs."""
        try:
            while True:
                await asyncio.sleep(self._settle_seconds)
                with suppress(Error):
                    if not await self._exists(author_id, video):
                        await self._remove(video, cover)
                    return
        except asyncio.CancelledError:
            _log.warning("%s may be left behind without its row", video)
            raise

    async def _exists(self, author_id: int, video: str) -> bool:
        answer = await self._clients.videos.GetVideosByAuthorIdMethod(author_id=author_id)
        return any(row.play_url == video for row in answer.video_list or ())

    async def _remove(self, *keys: str) -> None:
        for key in keys:
            try:
                await self._objects.delete(key)
            except Error as error:
                _log.error("%s is left behind: %s", key, error.message)
