"""The methods of CommentService."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from zoneinfo import ZoneInfo

from commentmicro import pack
from commentmicro.contract import contract, users, videos
from commentmicro.dal.comment import Comments, Row
from commentmicro.peers import Peers
from commentmicro.settings import Settings
from microkit.batch import distinct
from microkit.context import Context
from microkit.errors import Forbidden, ParamError
from microkit.rpc.status import ok

_PUBLISH, _DELETE = 1, 2
_MAX_CONTENT: Final = 500


@asynccontextmanager
async def open_handlers(context: Context[Settings]) -> AsyncIterator[Mapping[str, object]]:
    """Open what the service needs and give its handlers by Thrift service."""
    zone = context.settings.zone()
    comments = Comments(await context.database())
    peers = Peers(context.client("userservice", users), context.client("videoservice", videos))
    yield {"CommentService": CommentHandler(comments, peers, zone)}


class CommentHandler:
    """Comments and their counts."""

    def __init__(self, comments: Comments, peers: Peers, zone: ZoneInfo) -> None:
        self._comments = comments
        self._peers = peers
        self._zone = zone

    async def CommentMethod(self, request: Any) -> Any:
        """Publish a comment, or delete one's own or one on one's own video."""
        if request.action_type == _PUBLISH:
            # The user first: once the comment is stored nothing may fail any more.
            infos = await self._infos(request, [request.user_id])
            row = await self._publish(request)
            return ok(contract.CommentResp, comment=pack.comment(row, infos, self._zone))
        if request.action_type == _DELETE:
            await self._delete(request)
            return ok(contract.CommentResp)
        raise ParamError("action_type 应为 1（发表评论）或 2（删除评论）")

    async def CommentListMethod(self, request: Any) -> Any:
        """Return a video's comments, newest first."""
        rows = await self._comments.by_video(request.video_id)
        infos = await self._infos(request, [row.user_id for row in rows])
        comments = pack.comments(rows, infos, self._zone)
        return ok(contract.CommentListResp, comment_list=comments, complete=True)

    async def VideosCommentCountMethod(self, request: Any) -> Any:
        """Return how many comments each video has."""
        counts = await self._comments.counts(distinct(request.video_id_list))
        return ok(contract.VideosCommentCountResp, comment_count_map=counts)

    async def _publish(self, request: Any) -> Row:
        text = request.comment_text
        if text is None or not text.strip() or len(text) > _MAX_CONTENT:
            raise ParamError(f"评论应为 1 到 {_MAX_CONTENT} 个字符，且不能全是空白")
        if request.user_id <= 0:
            raise ParamError("user_id 应为正整数")
        await self._peers.author_of(request.video_id)
        return await self._comments.publish(request.user_id, request.video_id, text)

    async def _delete(self, request: Any) -> None:
        if request.comment_id is None:
            raise ParamError("需要 comment_id")
        row = await self._comments.by_id(request.comment_id)
        if row.video_id != request.video_id:
            raise ParamError("该评论不属于此视频")
        own = row.user_id == request.user_id
        if not own and await self._peers.author_of(row.video_id) != request.user_id:
            raise Forbidden("只能删除自己的评论，或自己视频下的评论")
        await self._comments.delete(row)

    async def _infos(self, request: Any, user_ids: list[int]) -> Mapping[int, Any] | None:
        return None if request.ids_only else await self._peers.infos(user_ids)
