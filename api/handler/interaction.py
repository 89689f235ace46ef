"""The methods of interaction.thrift: likes and comments."""

from typing import Any

from api.aggregate import Aggregate
from api.call import Call
from api.clients import Clients
from api.contract import interaction
from api.envelope import done
from api.lists import Lists
from api.pack.comment import comment, comments


class InteractionHandler:
    """Likes and comments."""

    def __init__(self, clients: Clients, lists: Lists, aggregate: Aggregate) -> None:
        self._clients = clients
        self._lists = lists
        self._aggregate = aggregate

    async def FavoriteMethod(self, call: Call) -> Any:
        """Like or unlike a video."""
        await self._clients.favorites.FavoriteMethod(
            user_id=call.viewer,
            video_id=call.request.video_id,
            action_type=call.request.action_type,
        )
        return done(interaction.FavoriteResp)

    async def FavoriteListMethod(self, call: Call) -> Any:
        """Return the videos that somebody likes, the newest like first."""
        answer = await self._clients.favorites.FavoriteListMethod(user_id=call.whose())
        rows = await self._lists.videos(answer.video_id_list)
        videos = await self._aggregate.full_videos(call.viewer, rows, call.base)
        return done(interaction.FavoriteListResp, video_list=videos)

    async def CommentMethod(self, call: Call) -> Any:
        """Publish or delete a comment."""
        answer = await self._clients.comments.CommentMethod(
            user_id=call.viewer,
            video_id=call.request.video_id,
            action_type=call.request.action_type,
            comment_text=call.request.comment_text,
            comment_id=call.request.comment_id,
            ids_only=True,
        )
        if answer.comment is None:
            return done(interaction.CommentResp)
        users = await self._aggregate.full_users(call.viewer, [call.viewer], call.base)
        published = comment(answer.comment, users[call.viewer])
        return done(interaction.CommentResp, comment=published)

    async def CommentListMethod(self, call: Call) -> Any:
        """Return a video's comments, newest first."""
        stored = await self._lists.comments(call.viewer, call.request.video_id)
        writers = {each.user.id for each in stored}
        users = await self._aggregate.full_users(call.viewer, writers, call.base)
        return done(interaction.CommentListResp, comment_list=comments(stored, users))
