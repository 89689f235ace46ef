"""Publishing a video: probe it, make its cover, store both objects, then create the row."""

import asyncio
import enum
import logging
import secrets
from contextlib import suppress
from typing import Final, NamedTuple

from api.added import AddedMethod
from api.clients import Clients
from api.media import MediaWorkers
from api.media.messages import HEVC, NO_HEVC
from api.rendering import COVERS, Rendering
from api.upload import Upload
from microkit.background import BackgroundTasks
from microkit.errors import Error, ParamError, Retry, UnknownMethod
from microkit.storage.objects import Objects, discard

_log = logging.getLogger(__name__)

VIDEOS: Final = "videos"
_ABSENT_ANSWERS: Final = 2


class _Row(enum.Enum):
    """The state of a video's row after a failed CreateVideo."""

    CREATED = "exists"
    ABSENT = "does not exist and will not be created"
    UNKNOWN = "may exist or still be created"


class _NewRow(NamedTuple):
    """The fields of a new video."""

    title: str
    author_id: int
    play_url: str
    cover_url: str


class Publishing:
    """Turns an upload into a published video, or leaves nothing behind.

    A process that is killed may leave objects without a row: see api/orphans.py.
    If CreateVideo times out, its outcome is unknown: the objects are kept and videoservice is
    polled every `settle_seconds` (longer than the call's deadline) until it is known.
    With `rendering`, renditions are made of every video, and one that does not play everywhere is
    published when they are ready.
    """

    def __init__(
        self,
        clients: Clients,
        objects: Objects,
        workers: MediaWorkers,
        settle_seconds: float = 15.0,
        rendering: Rendering | None = None,
    ) -> None:
        self._clients = clients
        self._objects = objects
        self._workers = workers
        self._settle_seconds = settle_seconds
        self._rendering = rendering
        self._used_keys = AddedMethod("GetUsedKeysMethod")
        self._settling = BackgroundTasks()

    async def close(self) -> None:
        """Stop the polling."""
        await self._settling.close()

    async def publish(self, author_id: int, title: str, upload: Upload | None) -> bool:
        """Publish an upload; return False if it will be published later.

        Raises:
            ParamError: the file is missing or not a playable video.
            StoreError: the objects could not be stored.
            Overloaded: too many uploads are queued.
            Unavailable: videoservice did not answer.
        """
        if upload is None or upload.source is None:
            raise ParamError("缺少视频：请放在 data 字段")
        convertible = self._rendering is not None
        processed = await self._workers.process(
            upload.source, upload.folder, author_id, convertible=convertible
        )
        pending = convertible and not processed.plays_everywhere
        name = secrets.token_hex(16)
        video = f"{VIDEOS}/{name}{processed.probe.suffix}"
        cover = f"{COVERS}/{name}.jpg"
        try:
            await self._objects.put(video, processed.video, processed.probe.content_type)
            await self._objects.put(cover, processed.cover, "image/jpeg")
        except BaseException:
            await discard(self._objects, (video, cover))
            raise
        row = _NewRow(title, author_id, video, cover)
        try:
            pending = await self._create(row, pending=pending, codec=processed.probe.codec)
        except Error as error:
            state = await self._row_after(error, author_id, video)
            if state is _Row.CREATED:
                return not pending
            if state is _Row.ABSENT:
                await discard(self._objects, (video, cover))
            else:
                self._settling.start(self._settle(author_id, video, cover))
            raise
        if self._rendering is not None:
            self._rendering.wake()
        return not pending

    async def _create(self, row: "_NewRow", *, pending: bool, codec: str) -> bool:
        """Create the row; return whether the video will be published later."""
        videos = self._clients.videos
        if pending:
            try:
                await videos.CreatePendingVideoMethod(**row._asdict())
            except UnknownMethod:  # an original videoservice: nobody would make the renditions
                if codec == HEVC:
                    raise ParamError(NO_HEVC) from None
            else:
                return True
        wanted = True if self._rendering is not None else None
        await videos.CreateVideoMethod(**row._asdict(), renditions=wanted)
        return False

    async def _row_after(self, error: Error, author_id: int, video: str) -> "_Row":
        """Return the state of the row after CreateVideo failed with `error`."""
        if error.retry is not Retry.MAYBE_HANDLED:
            return _Row.ABSENT
        with suppress(Error):
            if await self._exists(author_id, video):
                return _Row.CREATED
        return _Row.UNKNOWN  # the call may still be running

    async def _settle(self, author_id: int, video: str, cover: str) -> None:
        """Poll videoservice; remove the objects if the row does not exist, two answers in a row.

        The first answer may overtake the call: a service that hung takes up both at one moment.
        """
        absent = 0
        try:
            while absent < _ABSENT_ANSWERS:
                await asyncio.sleep(self._settle_seconds)
                try:
                    if await self._exists(author_id, video):
                        return
                    absent += 1
                except Error:
                    absent = 0
            await discard(self._objects, (video, cover))
        except asyncio.CancelledError:
            _log.warning("object %s may be orphaned: shutdown before videoservice answered", video)
            raise

    async def _exists(self, author_id: int, video: str) -> bool:
        async def added() -> bool:
            answer = await self._clients.videos.GetUsedKeysMethod(keys=[video])
            return video in (answer.keys or ())

        async def original() -> bool:
            answer = await self._clients.videos.GetVideosByAuthorIdMethod(author_id=author_id)
            return any(row.play_url == video for row in answer.video_list or ())

        return await self._used_keys.call(added, original)
