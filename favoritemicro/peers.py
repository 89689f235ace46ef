"""Calls to videoservice: the authors of videos, cached."""

from typing import Final

from favoritemicro.dal.favorite import Favorites
from idl import videomicro
from microkit.cache import Cache
from microkit.errors import NotFound

_CACHE_SIZE: Final = 100_000
_CACHE_SECONDS: Final = 60.0


class Peers:
    """The authors of videos; a deletion takes effect here within a minute."""

    def __init__(self, client: videomicro.Client, favorites: Favorites) -> None:
        self._client = client
        self._favorites = favorites
        self._authors: Cache[int, int] = Cache(_CACHE_SIZE, _CACHE_SECONDS)

    async def author_of(self, video_id: int) -> int:
        """Return the author of a video.

        Raises:
            NotFound: there is no such video.
            Unavailable: videoservice does not answer.
        """
        author = self._authors.get(video_id)
        if author is None:
            author = (await self._client.GetVideoAuthorIdMethod(id=video_id)).author_id
            self._authors.put(video_id, author)
        return author

    def forget(self, video_id: int) -> None:
        """Ask for the author of a deleted video again, which fails."""
        self._authors.discard(video_id)

    async def author_of_liked(self, video_id: int) -> int:
        """Return the author of a video, even if it was deleted after being liked.

        Raises:
            NotFound: the video never existed, or was deleted and never liked.
            Unavailable: videoservice does not answer.
        """
        try:
            return await self.author_of(video_id)
        except NotFound:
            author = await self._favorites.author_of(video_id)
            if author is None:
                raise
            return author
