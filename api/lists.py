"""The services' lists, equal for every viewer: concurrent equal requests share one call."""

from collections.abc import Mapping, Sequence

from api.call import ANONYMOUS
from api.clients import Clients
from api.pack.video import VideoRow
from idl import commentmicro, relationmicro, videomicro
from microkit.batch import BatchLoader, SingleFlight
from microkit.paging import END, Page


class FeedPage:
    """A page of the feed, and the time of its last video.

    Pages are equal if all fields of their videos are equal, whatever times were requested.
    """

    __slots__ = ("_hash", "next_ns", "rows")

    def __init__(self, rows: list[VideoRow], next_ns: int) -> None:
        self.rows = rows
        self.next_ns = next_ns
        # Ids distinguish almost all pages, __eq__ the rest.
        self._hash = hash((next_ns, *(row.id for row in rows)))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FeedPage):
            return NotImplemented
        return self.next_ns == other.next_ns and self.rows == other.rows


PageKey = tuple[int, int | None, int | None]
"""The id of a list's owner (user or video), and the client's cursor and count."""


class Lists:
    """Loads lists in the services' order.

    The viewer is sent as ANONYMOUS: it is optional, but the original services read it unchecked.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._pages: SingleFlight[tuple[int, int], FeedPage] = SingleFlight(self._load_page)
        self._published: SingleFlight[PageKey, Page[VideoRow]] = SingleFlight(self._load_published)
        self._videos: BatchLoader[int, VideoRow] = BatchLoader(self._load_videos)
        self._comments: SingleFlight[PageKey, commentmicro.CommentListResp] = SingleFlight(
            self._load_comments
        )
        self._following: SingleFlight[PageKey, Page[int]] = SingleFlight(self._load_following)
        self._followers: SingleFlight[PageKey, Page[int]] = SingleFlight(self._load_followers)

    async def feed(self, before_ns: int, limit: int) -> FeedPage:
        """Return videoservice's page of the feed before a time."""
        return await self._pages.one((before_ns, limit))

    async def published(self, key: PageKey) -> Page[VideoRow]:
        """Return a page of an author's videos, newest first."""
        return await self._published.one(key)

    async def videos(self, video_ids: Sequence[int]) -> list[VideoRow]:
        """Return videos in the order of `video_ids`, without those that do not exist."""
        return list((await self._videos.many(video_ids)).values())

    async def comments(self, viewer: int, key: PageKey) -> Page[commentmicro.Comment]:
        """Return a page of a video's comments, newest first, with only the ids of their authors.

        The original service returns only the viewer's comments and does not set `complete`: it is
        called again with the actual viewer.
        """
        answer = await self._comments.one(key)
        if viewer and not answer.complete:
            answer = await self._list_comments(viewer, key)
        return Page(answer.comment_list, answer.next_cursor or END)

    async def following(self, key: PageKey) -> Page[int]:
        """Return a page of the users that a user follows, newest first."""
        return await self._following.one(key)

    async def followers(self, key: PageKey) -> Page[int]:
        """Return a page of a user's followers, newest first."""
        return await self._followers.one(key)

    async def _load_page(self, page: tuple[int, int]) -> FeedPage:
        before, limit = page
        answer = await self._clients.videos.GetVideosFeedMethod(latest_time=before, limit=limit)
        return FeedPage(_rows(answer.video_list or ()), answer.next_time or 0)

    async def _load_published(self, key: PageKey) -> Page[VideoRow]:
        author, cursor, count = key
        answer = await self._clients.videos.GetVideosByAuthorIdMethod(
            author_id=author, cursor=cursor, count=count
        )
        return Page(_rows(answer.video_list or ()), answer.next_cursor or END)

    async def _load_videos(self, video_ids: list[int]) -> Mapping[int, VideoRow]:
        answer = await self._clients.videos.GetVideoSetByIdSetMethod(id_set=video_ids)
        return {row.id: row for row in _rows(answer.video_set or ())}

    async def _load_comments(self, key: PageKey) -> commentmicro.CommentListResp:
        return await self._list_comments(ANONYMOUS, key)

    async def _list_comments(self, viewer: int, key: PageKey) -> commentmicro.CommentListResp:
        video_id, cursor, count = key
        return await self._clients.comments.CommentListMethod(
            user_id=viewer, video_id=video_id, ids_only=True, cursor=cursor, count=count
        )

    async def _load_following(self, key: PageKey) -> Page[int]:
        user_id, cursor, count = key
        answer = await self._clients.relations.GetFollowListMethod(
            myId=ANONYMOUS, targetId=user_id, ids_only=True, cursor=cursor, count=count
        )
        return Page(_ids(answer.user_ids, answer.userList), answer.next_cursor or END)

    async def _load_followers(self, key: PageKey) -> Page[int]:
        user_id, cursor, count = key
        answer = await self._clients.relations.GetFollowerListMethod(
            myId=ANONYMOUS, targetId=user_id, ids_only=True, cursor=cursor, count=count
        )
        return Page(_ids(answer.user_ids, answer.user_list), answer.next_cursor or END)


def _rows(videos: Sequence[videomicro.Video]) -> list[VideoRow]:
    return list(map(VideoRow.of, videos))


def _ids(ids: list[int] | None, users: Sequence[relationmicro.User]) -> list[int]:
    """Return a list's ids; the original service does not know `ids_only` and answers users."""
    return [user.id for user in users] if ids is None else ids
