"""The methods of CommentService."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

from commentmicro import pack
from commentmicro.dal.comment import CommentRow, Comments
from commentmicro.metrics import COMMENTS
from commentmicro.peers import Peers
from commentmicro.settings import Settings
from idl import bounds, commentmicro, usermicro, videomicro
from microkit.batch import distinct
from microkit.context import Context
from microkit.errors import Forbidden, ParamError
from microkit.paging import MAX_ITEMS, NEWEST, check_number
from microkit.rpc.bounds import message_of

CONTRACT = commentmicro.CONTRACT


@asynccontextmanager
async def open_handlers(context: Context[Settings]) -> AsyncIterator[commentmicro.Handlers]:
    """Open stores and clients; yield the handlers by Thrift service."""
    zone = context.settings.zone()
    comments = Comments(await context.database())
    peers = Peers(context.client(usermicro.CONTRACT), context.client(videomicro.CONTRACT))
    yield {"CommentService": CommentHandler(comments, peers, zone)}


class CommentHandler:
    """Comments and their counts."""

    def __init__(self, comments: Comments, peers: Peers, zone: ZoneInfo) -> None:
        self._comments = comments
        self._peers = peers
        self._zone = zone

    async def CommentMethod(self, request: commentmicro.CommentReq) -> commentmicro.CommentResp:
        """Publish a comment, or delete one's own comment or a comment on one's own video."""
        if request.action_type == commentmicro.CommentAction.PUBLISH:
            # Load the user first: after the comment is stored, nothing may fail.
            infos = await self._infos([request.user_id], ids_only=request.ids_only)
            row = await self._publish(request)
            COMMENTS.labels("added").inc()
            return commentmicro.CommentResp.ok(comment=pack.comment(row, infos, self._zone))
        await self._delete(request)
        COMMENTS.labels("removed").inc()
        return commentmicro.CommentResp.ok()

    async def CommentListMethod(
        self, request: commentmicro.CommentListReq
    ) -> commentmicro.CommentListResp:
        """Return a video's comments, newest first."""
        page = await self._comments.by_video(
            request.video_id, request.cursor or NEWEST, request.count or MAX_ITEMS
        )
        infos = await self._infos([row.user_id for row in page.items], ids_only=request.ids_only)
        comments = pack.comments(page.items, infos, self._zone)
        return commentmicro.CommentListResp.ok(
            comment_list=comments, complete=True, next_cursor=page.next_cursor
        )

    async def CommentPagesMethod(
        self, request: commentmicro.CommentPagesReq
    ) -> commentmicro.CommentPagesResp:
        """Return pages of several videos' comments."""
        check_number(len(request.pages))
        keys = [
            (each.video_id, each.cursor or NEWEST, each.count or MAX_ITEMS)
            for each in request.pages
        ]
        return pack.pages(await self._comments.pages(keys), self._zone)

    async def VideosCommentCountMethod(
        self, request: commentmicro.VideosCommentCountReq
    ) -> commentmicro.VideosCommentCountResp:
        """Return how many comments each video has."""
        counts = await self._comments.counts(distinct(request.video_id_list))
        return commentmicro.VideosCommentCountResp.ok(comment_count_map=counts)

    async def ForgetVideoMethod(
        self, request: commentmicro.ForgetVideoReq
    ) -> commentmicro.ForgetVideoResp:
        """Remove comments of a deleted video, with their count."""
        self._peers.forget(request.video_id)
        removed, more = await self._comments.forget(request.video_id)
        COMMENTS.labels("removed").inc(removed)
        return commentmicro.ForgetVideoResp.ok(more=more)

    async def _publish(self, request: commentmicro.CommentReq) -> CommentRow:
        if request.comment_text is None:
            raise ParamError(message_of(bounds.COMMENT))
        await self._peers.author_of(request.video_id)
        return await self._comments.publish(request.user_id, request.video_id, request.comment_text)

    async def _delete(self, request: commentmicro.CommentReq) -> None:
        if request.comment_id is None:
            raise ParamError("需要 comment_id")
        row = await self._comments.by_id(request.comment_id)
        if row.video_id != request.video_id:
            raise ParamError("该评论不属于此视频")
        own = row.user_id == request.user_id
        if not own and await self._peers.author_of(row.video_id) != request.user_id:
            raise Forbidden("只能删除自己的评论，或自己视频下的评论")
        await self._comments.delete(row)

    async def _infos(
        self, user_ids: list[int], *, ids_only: bool | None
    ) -> Mapping[int, usermicro.UserInfo] | None:
        return None if ids_only else await self._peers.infos(user_ids)
