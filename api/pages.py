"""The calls that read pages of lists: one for several pages, in the order of their keys.

A service with the original contract is called once per page. The viewer is sent as ANONYMOUS: it is
optional, but the original services read it unchecked.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from api.added import AddedMethod
from api.call import ANONYMOUS
from api.clients import Clients
from api.pack.comment import CommentPage
from api.pack.video import VideoItem
from idl import commentmicro, favoritemicro, relationmicro, videomicro
from microkit.paging import END, Page


class FeedKey(NamedTuple):
    """A page of the feed: before this time, up to this many videos."""

    before_ns: int
    limit: int


class PageKey(NamedTuple):
    """The id of a list's owner (user or video), and the client's cursor and limit of items."""

    owner: int
    cursor: int | None
    limit: int | None


class FeedPage:
    """A page of the feed, and the time of its last video.

    Pages are equal if all fields of their videos are equal, whatever times were requested.
    """

    __slots__ = ("_hash", "next_ns", "rows")

    def __init__(self, rows: Sequence[VideoItem], next_ns: int) -> None:
        self.rows = rows
        self.next_ns = next_ns
        # Ids distinguish almost all pages, __eq__ the rest.
        self._hash = hash((next_ns, *(row.id for row in rows)))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, FeedPage):
            return NotImplemented
        return self.next_ns == other.next_ns and self.rows == other.rows


class Pages:
    """Reads pages of lists."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._videos = AddedMethod("GetVideoPagesMethod")
        self._follows = AddedMethod("GetFollowPagesMethod")
        self._liked = AddedMethod("FavoritePagesMethod")
        self._comments = AddedMethod("CommentPagesMethod")

    async def feed(self, keys: Sequence[FeedKey]) -> Sequence[FeedPage]:
        """Return pages of the feed."""

        async def added() -> list[FeedPage]:
            answer = await self._clients.videos.GetVideoPagesMethod(
                feed=[
                    videomicro.FeedKey(latest_time=each.before_ns, limit=each.limit)
                    for each in keys
                ],
                published=[],
            )
            # Keys that give the same page share one.
            distinct: dict[FeedPage, FeedPage] = {}
            pages = (FeedPage(page.items, page.next_cursor) for page in _video_pages(answer))
            return [distinct.setdefault(page, page) for page in pages]

        async def original(key: FeedKey) -> FeedPage:
            answer = await self._clients.videos.GetVideosFeedMethod(
                latest_time=key.before_ns, limit=key.limit
            )
            return FeedPage(rows(answer.video_list or ()), answer.next_time or 0)

        return await self._videos.call(added, lambda: asyncio.gather(*map(original, keys)))

    async def published(self, keys: Sequence[PageKey]) -> Sequence[Page[VideoItem]]:
        """Return pages of authors' videos, newest first."""

        async def added() -> list[Page[VideoItem]]:
            answer = await self._clients.videos.GetVideoPagesMethod(
                feed=[],
                published=[
                    videomicro.PageKey(author_id=each.owner, cursor=each.cursor, count=each.limit)
                    for each in keys
                ],
            )
            return _video_pages(answer)

        async def original(key: PageKey) -> Page[VideoItem]:
            answer = await self._clients.videos.GetVideosByAuthorIdMethod(
                author_id=key.owner, cursor=key.cursor, count=key.limit
            )
            return Page(rows(answer.video_list or ()), answer.next_cursor or END)

        return await self._videos.call(added, lambda: asyncio.gather(*map(original, keys)))

    async def following(self, keys: Sequence[PageKey]) -> Sequence[Page[int]]:
        """Return pages of the users that users follow, newest first."""

        async def original(key: PageKey) -> Page[int]:
            answer = await self._clients.relations.GetFollowListMethod(
                myId=ANONYMOUS, targetId=key.owner, ids_only=True, cursor=key.cursor,
                count=key.limit,
            )  # fmt: skip
            return Page(_ids(answer.user_ids, answer.userList), answer.next_cursor or END)

        return await self._follows.call(
            lambda: self._follow_pages(following=keys),
            lambda: asyncio.gather(*map(original, keys)),
        )

    async def followers(self, keys: Sequence[PageKey]) -> Sequence[Page[int]]:
        """Return pages of users' followers, newest first."""

        async def original(key: PageKey) -> Page[int]:
            answer = await self._clients.relations.GetFollowerListMethod(
                myId=ANONYMOUS, targetId=key.owner, ids_only=True, cursor=key.cursor,
                count=key.limit,
            )  # fmt: skip
            return Page(_ids(answer.user_ids, answer.user_list), answer.next_cursor or END)

        return await self._follows.call(
            lambda: self._follow_pages(followers=keys),
            lambda: asyncio.gather(*map(original, keys)),
        )

    async def liked(self, keys: Sequence[PageKey]) -> Sequence[Page[int]]:
        """Return pages of the videos that users like, newest like first."""

        async def added() -> list[Page[int]]:
            answer = await self._clients.favorites.FavoritePagesMethod(
                pages=[
                    favoritemicro.PageKey(user_id=each.owner, cursor=each.cursor, count=each.limit)
                    for each in keys
                ]
            )
            return list(map(Page, answer.pages, answer.next_cursors))

        async def original(key: PageKey) -> Page[int]:
            answer = await self._clients.favorites.FavoriteListMethod(
                user_id=key.owner, cursor=key.cursor, count=key.limit
            )
            return Page(answer.video_id_list, answer.next_cursor or END)

        return await self._liked.call(added, lambda: asyncio.gather(*map(original, keys)))

    async def comments(self, keys: Sequence[PageKey]) -> Sequence[CommentPage]:
        """Return pages of videos' comments, newest first."""

        async def added() -> list[CommentPage]:
            answer = await self._clients.comments.CommentPagesMethod(
                pages=[
                    commentmicro.CommentPageKey(
                        video_id=each.owner, cursor=each.cursor, count=each.limit
                    )
                    for each in keys
                ]
            )
            return _comment_pages(answer)

        async def original(key: PageKey) -> CommentPage:
            return await self.comments_of(ANONYMOUS, key)

        return await self._comments.call(added, lambda: asyncio.gather(*map(original, keys)))

    async def comments_of(self, viewer: int, key: PageKey) -> CommentPage:
        """Return a page from the original method, which may answer `viewer`'s comments only."""
        answer = await self._clients.comments.CommentListMethod(
            user_id=viewer, video_id=key.owner, ids_only=True, cursor=key.cursor, count=key.limit
        )
        return CommentPage.of(
            *answer.comment_list,
            next_cursor=answer.next_cursor or END,
            complete=bool(answer.complete),
        )

    async def _follow_pages(
        self, following: Sequence[PageKey] = (), followers: Sequence[PageKey] = ()
    ) -> Sequence[Page[int]]:
        answer = await self._clients.relations.GetFollowPagesMethod(
            following=list(map(_follow_key, following)), followers=list(map(_follow_key, followers))
        )
        return list(map(Page, answer.pages or (), answer.next_cursors or ()))


def rows(videos: Iterable[videomicro.Video]) -> list[VideoItem]:
    """Return videoservice's structs as rows."""
    return list(map(VideoItem.of, videos))


def column_rows(videos: videomicro.VideoColumns) -> list[VideoItem]:
    """Return videoservice's columns as rows."""
    columns = videos.ids, videos.titles, videos.author_ids, videos.play_urls, videos.cover_urls
    if videos.hls_urls:
        return list(map(VideoItem, *columns, videos.hls_urls))
    return list(map(VideoItem, *columns))


def _video_pages(answer: videomicro.GetVideoPagesResp) -> list[Page[VideoItem]]:
    if answer.videos is None:
        return []
    found = column_rows(answer.videos)
    return [
        Page([found[at] for at in page], after)
        for page, after in zip(answer.pages or (), answer.nexts or (), strict=True)
    ]


def _follow_key(key: PageKey) -> relationmicro.PageKey:
    return relationmicro.PageKey(user_id=key.owner, cursor=key.cursor, count=key.limit)


def _ids(ids: list[int] | None, users: Sequence[relationmicro.User]) -> list[int]:
    """Return a list's ids; the original service does not know `ids_only` and answers users."""
    return [user.id for user in users] if ids is None else ids


def _comment_pages(answer: commentmicro.CommentPagesResp) -> list[CommentPage]:
    """Cut the columns of all pages into pages."""
    pages, end = [], 0
    for size, next_cursor in zip(answer.sizes, answer.next_cursors, strict=True):
        own = slice(end, end + size)
        end += size
        pages.append(
            CommentPage(
                answer.ids[own],
                answer.user_ids[own],
                answer.contents[own],
                answer.create_dates[own],
                next_cursor,
                complete=True,
            )
        )
    return pages
