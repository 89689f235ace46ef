"""The methods of interaction.thrift: likes and comments."""

from api.aggregate import Aggregate
from api.call import HttpCall, target_user
from api.clients import Clients
from api.lists import Lists
from api.pack.comment import CommentPage, comments
from api.pages import PageKey
from idl import commentmicro, interaction


class InteractionHandler:
    """Likes and comments."""

    def __init__(self, clients: Clients, lists: Lists, aggregate: Aggregate) -> None:
        self._clients = clients
        self._lists = lists
        self._aggregate = aggregate

    async def FavoriteMethod(
        self, call: HttpCall[interaction.FavoriteReq]
    ) -> interaction.FavoriteResp:
        """Like or unlike a video."""
        await self._clients.favorites.FavoriteMethod(
            user_id=call.viewer,
            video_id=call.request.video_id,
            action_type=call.request.action_type,
        )
        return interaction.FavoriteResp.ok()

    async def FavoriteListMethod(
        self, call: HttpCall[interaction.FavoriteListReq]
    ) -> interaction.FavoriteListResp:
        """Return a page of the videos that a user likes, the newest like first."""
        page_key = PageKey(target_user(call), call.request.cursor, call.request.count)
        page = await self._lists.liked(page_key)
        videos = await self._aggregate.full_videos(
            call.viewer, page.items, call.base, liked=page_key.owner == call.viewer
        )
        return interaction.FavoriteListResp.ok(video_list=videos, next_cursor=page.next_cursor)

    async def CommentMethod(
        self, call: HttpCall[interaction.CommentReq]
    ) -> interaction.CommentResp:
        """Publish or delete a comment."""
        if call.request.action_type != commentmicro.CommentAction.PUBLISH:
            await self._comment(call)
            return interaction.CommentResp.ok()
        # The facts first: they say whether the viewer may comment, and a call is spared.
        author = await self._lists.author_of(call.request.video_id)
        facts = await self._aggregate.commenter(call.viewer, author)
        stored = await self._comment(call)
        if stored is None:
            return interaction.CommentResp.ok()
        (published,) = comments(CommentPage.of(stored), facts, call.base)
        return interaction.CommentResp.ok(comment=published)

    async def _comment(self, call: HttpCall[interaction.CommentReq]) -> commentmicro.Comment | None:
        answer = await self._clients.comments.CommentMethod(
            user_id=call.viewer,
            video_id=call.request.video_id,
            action_type=call.request.action_type,
            comment_text=call.request.comment_text,
            comment_id=call.request.comment_id,
            ids_only=True,
        )
        return answer.comment

    async def CommentListMethod(
        self, call: HttpCall[interaction.CommentListReq]
    ) -> interaction.CommentListResp:
        """Return a page of a video's comments, newest first."""
        page_key = PageKey(call.request.video_id, call.request.cursor, call.request.count)
        page = await self._lists.comments(call.viewer, page_key)
        comments = await self._aggregate.full_comments(call.viewer, page, call.base)
        return interaction.CommentListResp.ok(comment_list=comments, next_cursor=page.next_cursor)
