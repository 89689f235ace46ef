"""The lists that pages are made of, alike for every viewer: many who ask at once share one call."""

from collections.abc import Mapping, Sequence
from typing import Final

from api.clients import Clients
from idl import commentmicro, videomicro
from microkit.batch import BatchLoader, SingleFlight
from microkit.paging import END, Page

# The viewer of a list that is the same for all: optional, but the original service reads it without
# a check.
_NOBODY: Final = 0


class FeedPage:
    """A page of the feed, and when its last video was published.

    Equal pages have equal videos, every field of them, whatever the times that were asked for.
    """

    __slots__ = ("_hash", "next_ns", "rows")

    def __init__(self, rows: Sequence[videomicro.Video], next_ns: int) -> None:
        self.rows = rows
        self.next_ns = next_ns
        # Structs cannot be hashed; their ids tell almost all pages apart, and __eq__ the rest.
        self._hash = hash((next_ns, *(row.id for row in rows)))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FeedPage):
            return NotImplemented
        return self.next_ns == other.next_ns and self.rows == other.rows


PartKey = tuple[int, int | None, int | None]
"""A part of a list: whose or which list, the cursor and the count as the client gave them."""


class Lists:
    """What services list, in their order."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._pages: SingleFlight[tuple[int, int], FeedPage] = SingleFlight(self._load_page)
        self._published: SingleFlight[PartKey, Page[videomicro.Video]] = SingleFlight(
            self._load_published
        )
        self._videos: BatchLoader[int, videomicro.Video] = BatchLoader(self._load_videos)
        self._comments: SingleFlight[PartKey, commentmicro.CommentListResp] = SingleFlight(
            self._load_comments
        )
        self._following: SingleFlight[PartKey, Page[int]] = SingleFlight(self._load_following)
        self._followers: SingleFlight[PartKey, Page[int]] = SingleFlight(self._load_followers)

    async def feed(self, before_ns: int, limit: int) -> FeedPage:
        """Return videoservice's page of the feed before a time."""
        return await self._pages.one((before_ns, limit))

    async def published(self, part: PartKey) -> Page[videomicro.Video]:
        """Return a part of an author's videos, newest first."""
        return await self._published.one(part)

    async def videos(self, video_ids: Sequence[int]) -> list[videomicro.Video]:
        """Return videos in the order of `video_ids`, without those that do not exist."""
        return list((await self._videos.many(video_ids)).values())

    async def comments(self, viewer: int, part: PartKey) -> Page[commentmicro.Comment]:
        """Return a part of the comments on a video, newest first; of their writers only the ids.

        The original service answers the asker's own comments only, and does not set `complete`: it
        is asked again as the viewer.
        """
        answer = await self._comments.one(part)
        if viewer and not answer.complete:
            answer = await self._list_comments(viewer, part)
        return Page(answer.comment_list, answer.next_cursor or END)

    async def following(self, part: PartKey) -> Page[int]:
        """Return a part of the users that somebody follows, newest first."""
        return await self._following.one(part)

    async def followers(self, part: PartKey) -> Page[int]:
        """Return a part of the users that follow somebody, newest first."""
        return await self._followers.one(part)

    async def _load_page(self, page: tuple[int, int]) -> FeedPage:
        before, limit = page
        answer = await self._clients.videos.GetVideosFeedMethod(latest_time=before, limit=limit)
        return FeedPage(answer.video_list or (), answer.next_time or 0)

    async def _load_published(self, part: PartKey) -> Page[videomicro.Video]:
        author, cursor, count = part
        answer = await self._clients.videos.GetVideosByAuthorIdMethod(
            author_id=author, cursor=cursor, count=count
        )
        return Page(answer.video_list or [], answer.next_cursor or END)

    async def _load_videos(self, video_ids: list[int]) -> Mapping[int, videomicro.Video]:
        answer = await self._clients.videos.GetVideoSetByIdSetMethod(id_set=video_ids)
        return {row.id: row for row in answer.video_set or ()}

    async def _load_comments(self, part: PartKey) -> commentmicro.CommentListResp:
        return await self._list_comments(_NOBODY, part)

    async def _list_comments(self, viewer: int, part: PartKey) -> commentmicro.CommentListResp:
        video_id, cursor, count = part
        return await self._clients.comments.CommentListMethod(
            user_id=viewer, video_id=video_id, ids_only=True, cursor=cursor, count=count
        )

    async def _load_following(self, part: PartKey) -> Page[int]:
        user_id, cursor, count = part
        answer = await self._clients.relations.GetFollowListMethod(
            myId=_NOBODY, targetId=user_id, ids_only=True, cursor=cursor, count=count
        )
        return Page([listed.id for listed in answer.userList], answer.next_cursor or END)

    async def _load_followers(self, part: PartKey) -> Page[int]:
        user_id, cursor, count = part
        answer = await self._clients.relations.GetFollowerListMethod(
            myId=_NOBODY, targetId=user_id, ids_only=True, cursor=cursor, count=count
        )
        return Page([listed.id for listed in answer.user_list], answer.next_cursor or END)
