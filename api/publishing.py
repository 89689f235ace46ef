"""Publishing a video: probe it, make its cover, store both objects, then create the row."""

import asyncio
import enum
import logging
import secrets
from contextlib import suppress
from typing import Final

from api.clients import Clients
from api.media import MediaWorkers
from api.upload import Upload
from microkit.background import BackgroundTasks
from microkit.errors import Error, ParamError, Retry
from microkit.storage.objects import Objects

_log = logging.getLogger(__name__)

VIDEOS: Final = "videos"
COVERS: Final = "covers"


class _Row(enum.Enum):
    """The state of a video's row after a failed CreateVideo."""

    CREATED = "exists"
    ABSENT = "does not exist and will not be created"
    UNKNOWN = "may exist or still be created"


class Publishing:
    """Turns an upload into a published video, or leaves nothing behind.

    A process that is killed may leave objects without a row: see api/orphans.py.
    If CreateVideo times out, its outcome is unknown: the objects are kept and videoservice is
    polled every `settle_seconds` (longer than the call's deadline) until it answers.
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
        """Stop the polling."""
        await self._settling.close()

    async def publish(self, author_id: int, title: str, upload: Upload | None) -> None:
        """Publish an upload.

        Raises:
            ParamError: the file is missing or not a playable video.
            StoreError: the objects could not be stored.
            Overloaded: too many uploads are queued.
            Unavailable: videoservice did not answer.
        """
        if upload is None or upload.source is None:
            raise ParamError("缺少视频：请放在 data 字段")
        processed = await self._workers.process(upload.source, upload.folder, author_id)
        name = secrets.token_hex(16)
        video = f"{VIDEOS}/{name}{processed.probe.suffix}"
        cover = f"{COVERS}/{name}.jpg"
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
        """Return the state of the row after CreateVideo failed with `error`."""
        if error.retry is not Retry.MAYBE_HANDLED:
            return _Row.ABSENT
        with suppress(Error):
            if await self._exists(author_id, video):
                return _Row.CREATED
        return _Row.UNKNOWN  # the call may still be running

    async def _settle(self, author_id: int, video: str, cover: str) -> None:
        """Poll videoservice; remove the objects if the row does not exist."""
        try:
            while True:
                await asyncio.sleep(self._settle_seconds)
                with suppress(Error):
                    if not await self._exists(author_id, video):
                        await self._remove(video, cover)
                    return
        except asyncio.CancelledError:
            _log.warning("object %s may be orphaned: shutdown before videoservice answered", video)
            raise

    async def _exists(self, author_id: int, video: str) -> bool:
        answer = await self._clients.videos.GetVideosByAuthorIdMethod(author_id=author_id)
        return any(row.play_url == video for row in answer.video_list or ())

    async def _remove(self, *keys: str) -> None:
        for key in keys:
            try:
                await self._objects.delete(key)
            except Error as error:
                _log.error("object %s is orphaned: cannot delete it: %s", key, error.message)
