"""Whose a video is: asked of videoservice, and remembered for a while."""

from typing import Final

from favoritemicro.dal.favorite import Favorites
from idl import videomicro
from microkit.cache import Cache
from microkit.errors import NotFound

_REMEMBERED: Final = 100_000
_REMEMBERED_SECONDS: Final = 60.0


class Peers:
    """What videoservice knows of videos; a video that is deleted is forgotten within a minute."""

    def __init__(self, client: videomicro.Client, favorites: Favorites) -> None:
        self._client = client
        self._favorites = favorites
        self._known: Cache[int, int] = Cache(_REMEMBERED, _REMEMBERED_SECONDS)

    async def of(self, video_id: int) -> int:
        """Return the author of a video.

        Raises:
            NotFound: there is no such video.
            Unavailable: videoservice does not answer.
        """
        author = self._known.get(video_id)
        if author is None:
            author = (await self._client.GetVideoAuthorIdMethod(id=video_id)).author_id
            self._known.put(video_id, author)
        return author

    async def of_liked(self, video_id: int) -> int:
        """Return the author of a video, also when it was deleted after somebody liked it.

        Raises:
            NotFound: there never was such a video, or nobody ever liked it.
            Unavailable: videoservice does not answer.
        """
        try:
            return await self.of(video_id)
        except NotFound:
            author = await self._favorites.author_of(video_id)
            if author is None:
                raise
            return author
