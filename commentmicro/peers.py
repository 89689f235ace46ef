"""Calls to videoservice and userservice: authors of videos, cached, and user data."""

from collections.abc import Iterable
from typing import Final

from idl import usermicro, videomicro
from microkit.cache import Cache

_CACHE_SIZE: Final = 100_000
_CACHE_SECONDS: Final = 60.0


class Peers:
    """Data of other services; the deletion of a video takes effect here within a minute."""

    def __init__(self, users: usermicro.Client, videos: videomicro.Client) -> None:
        self._users = users
        self._videos = videos
        self._authors: Cache[int, int] = Cache(_CACHE_SIZE, _CACHE_SECONDS)

    async def author_of(self, video_id: int) -> int:
        """Return the author of a video.

        Raises:
            NotFound: there is no such video.
            Unavailable: videoservice does not answer.
        """
        author = self._authors.get(video_id)
        if author is None:
            author = (await self._videos.GetVideoAuthorIdMethod(id=video_id)).author_id
            self._authors.put(video_id, author)
        return author

    def forget(self, video_id: int) -> None:
        """Ask for the author of a deleted video again, which fails."""
        self._authors.discard(video_id)

    async def infos(self, user_ids: Iterable[int]) -> dict[int, usermicro.UserInfo]:
        """Return userservice's UserInfo of the users that exist, by id."""
        ids = list(set(user_ids))
        if not ids:
            return {}
        answer = await self._users.GetUserSetByIdSetMethod(id_set=ids)
        return {info.id: info for info in answer.user_set or ()}
