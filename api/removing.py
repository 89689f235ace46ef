"""Removing a video: its row, then its likes, comments and objects.

videoservice makes the video disappear and notes the removal in one transaction. What hangs on the
video is removed by the process that handles the request. If that process is killed or a service
does not answer, the removal is claimed by any API process, as is its second round (see
`videomicro.dal.removal`). Every step may be repeated.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Final

from api.clients import Clients
from api.orphans import is_stored_name, used_by_videos
from api.rendering import kept_with
from idl import videomicro
from microkit.background import BackgroundTasks, periodically
from microkit.errors import Error, UnknownMethod
from microkit.storage.objects import Objects

_log = logging.getLogger(__name__)

_LEASE_SECONDS: Final = 60
_ASK_SECONDS: Final = 120.0
# The answer waits so long; a video with very many likes takes longer.
_PATIENCE_SECONDS: Final = 3.0


class Removing:
    """Removes videos, and completes removals that were interrupted.

    Args:
        clients: the services.
        objects: the object store.
        ask_seconds: the time from one question for interrupted removals to the next.
    """

    def __init__(
        self, clients: Clients, objects: Objects, ask_seconds: float = _ASK_SECONDS
    ) -> None:
        self._clients = clients
        self._objects = objects
        self._ask_seconds = ask_seconds
        self._tasks = BackgroundTasks()

    async def close(self) -> None:
        """Stop; what is unfinished is completed after the next start."""
        await self._tasks.close()

    async def remove(self, author_id: int, video_id: int) -> None:
        """Remove an author's video; what hangs on it may follow after a few seconds.

        Raises:
            NotFound: the author has no such video.
            Unavailable: videoservice did not answer.
        """
        answer = await self._clients.videos.RemoveVideoMethod(
            video_id=video_id, author_id=author_id, lease_seconds=_LEASE_SECONDS
        )
        if answer.removal is not None:
            task = self._tasks.start(self._try_to_complete(answer.removal))
            await asyncio.wait((task,), timeout=_PATIENCE_SECONDS)

    async def run(self) -> None:
        """Complete interrupted removals, until cancelled."""
        await asyncio.sleep(self._pause())
        await periodically("removed videos", self._complete_due)

    def _pause(self) -> float:
        return self._ask_seconds * random.uniform(0.5, 1)

    async def _complete_due(self) -> float:
        while (removal := await self._claimed()) is not None:
            await self._try_to_complete(removal)
        return self._pause()

    async def _claimed(self) -> videomicro.Removal | None:
        claim = await self._clients.videos.ClaimRemovalMethod(lease_seconds=_LEASE_SECONDS)
        return claim.removal

    async def _try_to_complete(self, removal: videomicro.Removal) -> None:
        try:
            await self._complete(removal)
        except Error as error:
            _log.warning("removed video %d: trying again later: %s", removal.video_id, error.cause)

    async def _complete(self, removal: videomicro.Removal) -> None:
        await asyncio.gather(
            _repeat("favoriteservice", lambda: self._forget_likes(removal)),
            _repeat("commentservice", lambda: self._forget_comments(removal)),
            self._remove_objects(removal.keys),
        )
        await self._clients.videos.FinishRemovalMethod(
            video_id=removal.video_id, round=removal.round
        )

    async def _forget_likes(self, removal: videomicro.Removal) -> bool:
        answer = await self._clients.favorites.ForgetVideoMethod(
            video_id=removal.video_id, author_id=removal.author_id
        )
        return answer.more

    async def _forget_comments(self, removal: videomicro.Removal) -> bool:
        answer = await self._clients.comments.ForgetVideoMethod(video_id=removal.video_id)
        return answer.more

    async def _remove_objects(self, keys: list[str]) -> None:
        """Remove the objects that this API stored and that no other video refers to."""
        own = list(filter(is_stored_name, keys))
        if not own:
            return
        used = await used_by_videos(self._clients, own)
        gone = set().union(*(kept_with(key) for key in own if key not in used))
        await asyncio.gather(*map(self._objects.delete, gone))


async def _repeat(service: str, forget: Callable[[], Awaitable[bool]]) -> None:
    """Call until nothing is left; a service with the original contract keeps what it has."""
    try:
        while await forget():
            pass
    except UnknownMethod:
        _log.warning(
            "%s has no ForgetVideoMethod: it keeps what belongs to removed videos", service
        )
