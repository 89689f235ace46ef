"""The services' lists, equal for every viewer: concurrent requests share calls."""

import logging
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

from api.clients import Clients
from api.pack.comment import CommentPage
from api.pack.video import VideoItem
from api.pages import FeedKey, FeedPage, PageKey, Pages, column_rows, rows
from microkit.batch import BatchLoader
from microkit.cache import CachedLoader
from microkit.errors import Error
from microkit.paging import MAX_PAGES, Page

_log = logging.getLogger(__name__)

# The author of a video never changes.
_AUTHORS_CACHED: Final = 100_000
_AUTHORS_SECONDS: Final = 3600.0
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Lists:
    """Loads lists in the services' order."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._pages = pages = Pages(clients)
        self._feed: BatchLoader[FeedKey, FeedPage] = _loader(pages.feed)
        self._published: BatchLoader[PageKey, Page[VideoItem]] = _loader(pages.published)
        self._following: BatchLoader[PageKey, Page[int]] = _loader(pages.following)
        self._followers: BatchLoader[PageKey, Page[int]] = _loader(pages.followers)
        self._liked: BatchLoader[PageKey, Page[int]] = _loader(pages.liked)
        self._comments: BatchLoader[PageKey, CommentPage] = _loader(pages.comments)
        self._videos: BatchLoader[int, VideoItem] = BatchLoader(self._load_videos)
        self._authors: CachedLoader[int, int] = CachedLoader(
            self._load_authors, _AUTHORS_CACHED, _AUTHORS_SECONDS
        )

    async def feed(self, key: FeedKey) -> FeedPage:
        """Return a page of the feed, newest first."""
        return await _page(self._feed, key)

    async def published(self, key: PageKey) -> Page[VideoItem]:
        """Return a page of an author's videos, newest first."""
        return await _page(self._published, key)

    async def following(self, key: PageKey) -> Page[int]:
        """Return a page of the users that a user follows, newest first."""
        return await _page(self._following, key)

    async def followers(self, key: PageKey) -> Page[int]:
        """Return a page of a user's followers, newest first."""
        return await _page(self._followers, key)

    async def liked(self, key: PageKey) -> Page[VideoItem]:
        """Return a page of the videos that a user likes, newest like first.

        Those that do not exist any more are left out.
        """
        page = await _page(self._liked, key)
        return Page(await self.videos(page.items), page.next_cursor)

    async def videos(self, ids: Iterable[int]) -> list[VideoItem]:
        """Return the videos of `ids` that exist, in their order."""
        return list((await self._videos.many(ids)).values())

    async def comments(self, viewer: int, key: PageKey) -> CommentPage:
        """Return a page of a video's comments, newest first, with only the ids of their authors.

        The original service returns only the viewer's comments and does not set `complete`: it is
        called again with the actual viewer.
        """
        page = await _page(self._comments, key)
        if viewer and not page.complete:
            return await self._pages.comments_of(viewer, key)
        return page

    async def author_of(self, video_id: int) -> int | None:
        """Return the author of a video; None if there is none or videoservice does not answer."""
        try:
            return await self._authors.one(video_id)
        except Error as error:
            _log.warning("author of %d: %s", video_id, error.cause)
            return None

    async def _load_authors(self, video_ids: list[int]) -> Mapping[int, int]:
        return {each: row.author_id for each, row in (await self._load_videos(video_ids)).items()}

    async def _load_videos(self, video_ids: list[int]) -> Mapping[int, VideoItem]:
        answer = await self._clients.videos.GetVideoSetByIdSetMethod(id_set=video_ids, columns=True)
        found = rows(answer.video_set or ())
        if answer.columns is not None:
            found = column_rows(answer.columns)
        return {row.id: row for row in found}


def _loader(read: Callable[[Sequence[K]], Awaitable[Sequence[V]]]) -> BatchLoader[K, V]:
    async def load(keys: list[K]) -> Mapping[K, V]:
        return dict(zip(keys, await read(keys), strict=True))

    return BatchLoader(load, MAX_PAGES)


async def _page(loader: BatchLoader[K, V], key: K) -> V:
    return (await loader.join((key,)))[key]
