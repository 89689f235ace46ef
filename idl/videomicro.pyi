# Written by scripts/stubs from videomicro.thrift; do not edit.
from typing import Protocol, Self, TypedDict
import msgspec
from microkit.rpc.contract import Contract

class Video(msgspec.Struct, kw_only=True):
    id: int
    title: str
    author_id: int
    play_url: str  # an object key or an absolute URL
    cover_url: str  # an object key or an absolute URL
    favorite_count: int  # always 0: favoriteservice has the count
    comment_count: int  # always 0: commentservice has the count

class CreateVideoReq(msgspec.Struct, kw_only=True):
    title: str
    author_id: int
    play_url: str
    cover_url: str

class CreateVideoResp(msgspec.Struct, kw_only=True):
    status: bool
    status_code: int | None = None
    status_msg: str | None = None
    video_id: int | None = None  # the new video's id
    @classmethod
    def ok(cls, *, video_id: int | None = None) -> Self: ...

class GetVideoAuthorIdReq(msgspec.Struct, kw_only=True):
    id: int

class GetVideoAuthorIdResp(msgspec.Struct, kw_only=True):
    status: bool
    author_id: int
    status_code: int | None = None
    status_msg: str | None = None
    @classmethod
    def ok(cls, *, author_id: int) -> Self: ...

class GetVideosByAuthorIdReq(msgspec.Struct, kw_only=True):
    author_id: int
    cursor: int | None = None  # a next_cursor; 0: from the newest
    count: int | None = None  # at most; unset: 300

class GetVideosByAuthorIdResp(msgspec.Struct, kw_only=True):
    """Newest first."""

    status: bool
    video_list: list[Video] | None = None
    status_code: int | None = None
    status_msg: str | None = None
    next_cursor: int | None = None  # 0: nothing more
    @classmethod
    def ok(
        cls, *, video_list: list[Video] | None = None, next_cursor: int | None = None
    ) -> Self: ...

class GetVideosFeedReq(msgspec.Struct, kw_only=True):
    latest_time: int  # ns: only videos published before this time
    limit: int

class GetVideosFeedResp(msgspec.Struct, kw_only=True):
    """Newest first."""

    status: bool
    next_time: int | None = (
        None  # ns: the time of the page's last video; for an empty page a time in the future
    )
    video_list: list[Video] | None = None
    status_code: int | None = None
    status_msg: str | None = None
    @classmethod
    def ok(cls, *, next_time: int | None = None, video_list: list[Video] | None = None) -> Self: ...

class UpdateVideoReq(msgspec.Struct, kw_only=True):
    id: int
    title: str | None = None

class UpdateVideoResp(msgspec.Struct, kw_only=True):
    status: bool
    status_code: int | None = None
    status_msg: str | None = None
    @classmethod
    def ok(cls) -> Self: ...

class DeleteVideoReq(msgspec.Struct, kw_only=True):
    video_id: int

class DeleteVideoResp(msgspec.Struct, kw_only=True):
    status: bool
    status_code: int | None = None
    status_msg: str | None = None
    @classmethod
    def ok(cls) -> Self: ...

class VideoCount(msgspec.Struct, kw_only=True):
    id: int  # the author
    count: int

class GetVideoCountSetByIdUserSetReq(msgspec.Struct, kw_only=True):
    author_id_set: list[int]

class GetVideoCountSetByIdUserSetResp(msgspec.Struct, kw_only=True):
    status: bool
    count_set: list[VideoCount]
    status_code: int | None = None
    status_msg: str | None = None
    @classmethod
    def ok(cls, *, count_set: list[VideoCount]) -> Self: ...

class GetVideoSetByIdSetReq(msgspec.Struct, kw_only=True):
    id_set: list[int]

class GetVideoSetByIdSetResp(msgspec.Struct, kw_only=True):
    """The videos that exist, in any order."""

    status: bool
    video_set: list[Video] | None = None
    status_code: int | None = None
    status_msg: str | None = None
    @classmethod
    def ok(cls, *, video_set: list[Video] | None = None) -> Self: ...

class VideoServiceHandler(Protocol):
    async def CreateVideoMethod(self, request: CreateVideoReq) -> CreateVideoResp: ...
    async def GetVideoAuthorIdMethod(
        self, request: GetVideoAuthorIdReq
    ) -> GetVideoAuthorIdResp: ...
    async def GetVideosByAuthorIdMethod(
        self, request: GetVideosByAuthorIdReq
    ) -> GetVideosByAuthorIdResp: ...
    async def GetVideoSetByIdSetMethod(
        self, request: GetVideoSetByIdSetReq
    ) -> GetVideoSetByIdSetResp: ...
    async def GetVideosFeedMethod(self, request: GetVideosFeedReq) -> GetVideosFeedResp: ...
    async def UpdateVideoMethod(self, request: UpdateVideoReq) -> UpdateVideoResp: ...
    async def DeleteVideoMethod(self, request: DeleteVideoReq) -> DeleteVideoResp: ...
    async def GetVideoCountSetByIdUserSetMethod(
        self, request: GetVideoCountSetByIdUserSetReq
    ) -> GetVideoCountSetByIdUserSetResp: ...

class VideoServiceClient(Protocol):
    async def CreateVideoMethod(
        self,
        *,
        title: str,
        author_id: int,
        play_url: str,
        cover_url: str,
        timeout: float | None = None,
    ) -> CreateVideoResp: ...
    async def GetVideoAuthorIdMethod(
        self, *, id: int, timeout: float | None = None
    ) -> GetVideoAuthorIdResp: ...
    async def GetVideosByAuthorIdMethod(
        self,
        *,
        author_id: int,
        cursor: int | None = None,
        count: int | None = None,
        timeout: float | None = None,
    ) -> GetVideosByAuthorIdResp: ...
    async def GetVideoSetByIdSetMethod(
        self, *, id_set: list[int], timeout: float | None = None
    ) -> GetVideoSetByIdSetResp: ...
    async def GetVideosFeedMethod(
        self, *, latest_time: int, limit: int, timeout: float | None = None
    ) -> GetVideosFeedResp: ...
    async def UpdateVideoMethod(
        self, *, id: int, title: str | None = None, timeout: float | None = None
    ) -> UpdateVideoResp: ...
    async def DeleteVideoMethod(
        self, *, video_id: int, timeout: float | None = None
    ) -> DeleteVideoResp: ...
    async def GetVideoCountSetByIdUserSetMethod(
        self, *, author_id_set: list[int], timeout: float | None = None
    ) -> GetVideoCountSetByIdUserSetResp: ...

class Client(VideoServiceClient, Protocol): ...

class Handlers(TypedDict):
    VideoService: VideoServiceHandler

CONTRACT: Contract[Client, Handlers]
