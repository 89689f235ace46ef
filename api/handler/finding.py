"""The methods of finding.thrift: search, hashtags, and orders of the feed."""

from typing import Any, Final

from api.aggregate import Aggregate
from api.call import HttpCall
from api.clients import Clients
from api.lists import Lists
from api.pages import PageKey, column_rows
from api.recommended import Recommended
from idl import finding, videomicro
from microkit.errors import NotFound
from microkit.paging import END, MAX_ITEMS

_COUNT: Final = 30
_SUGGESTIONS: Final = 10


class FindingHandler:
    """Search, hashtags, videos of followed people and recommended ones."""

    def __init__(
        self, clients: Clients, lists: Lists, aggregate: Aggregate, recommended: Recommended
    ) -> None:
        self._clients = clients
        self._lists = lists
        self._aggregate = aggregate
        self._recommended = recommended

    async def SearchVideosMethod(
        self, call: HttpCall[finding.SearchVideosReq]
    ) -> finding.VideoPageResp:
        """Return videos by the words of their titles."""
        answer = await self._clients.videos.SearchVideosMethod(
            words=call.request.words,
            cursor=call.request.cursor,
            count=call.request.count or _COUNT,
        )
        return await self._page(call, answer)

    async def SearchUsersMethod(
        self, call: HttpCall[finding.SearchUsersReq]
    ) -> finding.SearchUsersResp:
        """Return people by the words of their names."""
        answer = await self._clients.users.SearchUsersMethod(
            words=call.request.words,
            cursor=call.request.cursor,
            count=call.request.count or _COUNT,
        )
        users = await self._aggregate.full_users(call.viewer, answer.ids or [], call.base)
        return finding.SearchUsersResp.ok(user_list=users, next_cursor=answer.next_cursor or END)

    async def HashtagMethod(self, call: HttpCall[finding.HashtagReq]) -> finding.VideoPageResp:
        """Return videos with a hashtag."""
        answer = await self._clients.videos.HashtagVideosMethod(
            hashtag=call.request.hashtag,
            cursor=call.request.cursor,
            count=call.request.count or _COUNT,
        )
        return await self._page(call, answer)

    async def SuggestMethod(self, call: HttpCall[finding.SuggestReq]) -> finding.SuggestResp:
        """Return hashtags that begin with a text."""
        answer = await self._clients.videos.SuggestHashtagsMethod(
            prefix=call.request.prefix or "", count=call.request.count or _SUGGESTIONS
        )
        found = [
            finding.Hashtag(name=each.name, video_count=each.videos)
            for each in answer.hashtags or ()
        ]
        return finding.SuggestResp.ok(hashtag_list=found)

    async def FollowingMethod(self, call: HttpCall[finding.FollowingReq]) -> finding.VideoPageResp:
        """Return videos of the people that the viewer follows."""
        followed = await self._lists.following(PageKey(call.viewer, None, MAX_ITEMS))
        if not followed.items:
            return finding.VideoPageResp.ok(video_list=[], next_cursor=END)
        answer = await self._clients.videos.VideosOfAuthorsMethod(
            author_ids=followed.items,
            cursor=call.request.cursor,
            count=call.request.count or _COUNT,
        )
        return await self._page(call, answer)

    async def RecommendedMethod(
        self, call: HttpCall[finding.RecommendedReq]
    ) -> finding.VideoPageResp:
        """Return videos in the order of their scores."""
        page = await self._recommended.page(
            call.viewer, call.request.cursor or END, call.request.count or _COUNT
        )
        videos = await self._aggregate.full_videos(call.viewer, page.items, call.base)
        return finding.VideoPageResp.ok(video_list=videos, next_cursor=page.next_cursor)

    async def VideoMethod(self, call: HttpCall[finding.VideoReq]) -> finding.VideoResp:
        """Return one video."""
        rows = await self._lists.videos([call.request.video_id])
        if not rows:
            raise NotFound("视频不存在")
        video = await self._aggregate.full_video(call.viewer, rows[0], call.base)
        return finding.VideoResp.ok(video=video)

    async def _page(
        self, call: HttpCall[Any], answer: videomicro.VideoPageResp
    ) -> finding.VideoPageResp:
        rows = column_rows(answer.videos) if answer.videos is not None else []
        videos = await self._aggregate.full_videos(call.viewer, rows, call.base)
        return finding.VideoPageResp.ok(video_list=videos, next_cursor=answer.next_cursor or END)
