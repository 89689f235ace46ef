"""The methods of VideoService."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from microkit.batch import distinct
from microkit.context import Context
from microkit.errors import ParamError
from microkit.rpc.status import ok
from videomicro import pack
from videomicro.contract import contract
from videomicro.dal.video import Videos
from videomicro.settings import Settings

_MAX_PAGE: Final = 1000
_MAX_TITLE: Final = 128
_MAX_URL: Final = 512


@asynccontextmanager
async def open_handlers(context: Context[Settings]) -> AsyncIterator[Mapping[str, object]]:
    """Open what the service needs and give its handlers by Thrift service."""
    yield {"VideoService": VideoHandler(Videos(await context.database()))}


class VideoHandler:
    """Publishing, lists and the feed."""

    def __init__(self, videos: Videos) -> None:
        self._videos = videos

    async def CreateVideoMethod(self, request: Any) -> Any:
        """Publish a video whose objects are stored already."""
        for url in (request.play_url, request.cover_url):
            if not 1 <= len(url) <= _MAX_URL:
                raise ParamError(f"play_url 与 cover_url 应为 1 到 {_MAX_URL} 个字符")
        if request.author_id <= 0:
            raise ParamError("author_id 应为正整数")
        title = _title(request.title)
        video_id = await self._videos.create(
            request.author_id, title, request.play_url, request.cover_url
        )
        return ok(contract.CreateVideoResp, video_id=video_id)

    async def GetVideoAuthorIdMethod(self, request: Any) -> Any:
        """Say whose video it is."""
        row = await self._videos.by_id(request.id)
        return ok(contract.GetVideoAuthorIdResp, author_id=row.author_id)

    async def GetVideosByAuthorIdMethod(self, request: Any) -> Any:
        """Return an author's videos, newest first."""
        rows = await self._videos.by_author(request.author_id)
        return ok(contract.GetVideosByAuthorIdResp, video_list=pack.videos(rows))

    async def GetVideoSetByIdSetMethod(self, request: Any) -> Any:
        """Return which exist of the ids asked for."""
        rows = await self._videos.by_ids(distinct(request.id_set))
        return ok(contract.GetVideoSetByIdSetResp, video_set=pack.videos(rows.values()))

    async def GetVideosFeedMethod(self, request: Any) -> Any:
        """Return the newest videos published strictly before a time."""
        if not 1 <= request.limit <= _MAX_PAGE:
            raise ParamError(f"limit 应为 1 到 {_MAX_PAGE}")
        rows = await self._videos.feed(pack.before_ms(request.latest_time), request.limit)
        return ok(
            contract.GetVideosFeedResp, next_time=pack.next_ns(rows), video_list=pack.videos(rows)
        )

    async def UpdateVideoMethod(self, request: Any) -> Any:
        """Give a video another title, if one is given."""
        if request.title is None:
            await self._videos.by_id(request.id)
        else:
            await self._videos.rename(request.id, _title(request.title))
        return ok(contract.UpdateVideoResp)

    async def DeleteVideoMethod(self, request: Any) -> Any:
        """Delete a video."""
        await self._videos.delete(request.video_id)
        return ok(contract.DeleteVideoResp)

    async def GetVideoCountSetByIdUserSetMethod(self, request: Any) -> Any:
        """Say how many videos each author has, 0 for one without any."""
        counts = await self._videos.counts(distinct(request.author_id_set))
        return ok(contract.GetVideoCountSetByIdUserSetResp, count_set=pack.counts(counts))


def _title(text: str) -> str:
    if not text.strip() or len(text) > _MAX_TITLE:
        raise ParamError(f"标题应为 1 到 {_MAX_TITLE} 个字符，且不能全是空白")
    return text
