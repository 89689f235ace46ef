# Written by scripts/stubs from commentmicro.thrift; do not edit.
import enum
from typing import Protocol, Self, TypedDict
import msgspec
from microkit.rpc.contract import Contract

class CommentAction(enum.IntEnum):
    """The values of CommentReq.action_type, which is an i32 as in the original contract."""

    PUBLISH = 1
    DELETE = 2

class BaseResp(msgspec.Struct, kw_only=True):
    status_code: int
    status_msg: str = ...

class User(msgspec.Struct, kw_only=True):
    id: int
    name: str  # empty with ids_only
    follow_count: int | None = None  # as stored by userservice; unset with ids_only
    follower_count: int | None = None
    is_follow: bool

class Comment(msgspec.Struct, kw_only=True):
    id: int
    user: User
    content: str
    create_date: str  # "mm-dd"

class CommentReq(msgspec.Struct, kw_only=True):
    user_id: int
    video_id: int
    action_type: int  # a CommentAction
    comment_text: str | None = None
    comment_id: int | None = None  # DELETE only
    ids_only: bool | None = None  # return only the ids of users: saves a call to userservice

class CommentResp(msgspec.Struct, kw_only=True):
    status_code: int
    status_msg: str = ...
    comment: Comment | None = None  # PUBLISH only: the comment as stored
    @classmethod
    def ok(cls, *, comment: Comment | None = None) -> Self: ...

class CommentListReq(msgspec.Struct, kw_only=True):
    user_id: int
    video_id: int
    ids_only: bool | None = None
    cursor: int | None = None  # a next_cursor; 0: from the newest
    count: int | None = None  # at most; unset: 300

class CommentListResp(msgspec.Struct, kw_only=True):
    status_code: int
    status_msg: str = ...
    comment_list: list[Comment]  # newest first
    complete: bool | None = None  # true: all comments; unset: only those of user_id
    next_cursor: int | None = None  # 0: nothing more
    @classmethod
    def ok(
        cls,
        *,
        comment_list: list[Comment],
        complete: bool | None = None,
        next_cursor: int | None = None,
    ) -> Self: ...

class VideosCommentCountReq(msgspec.Struct, kw_only=True):
    video_id_list: list[int]

class VideosCommentCountResp(msgspec.Struct, kw_only=True):
    base_resp: BaseResp
    comment_count_map: dict[int, int]
    @classmethod
    def ok(cls, *, comment_count_map: dict[int, int]) -> Self: ...

class CommentServiceHandler(Protocol):
    async def CommentMethod(self, request: CommentReq) -> CommentResp: ...
    async def CommentListMethod(self, request: CommentListReq) -> CommentListResp: ...
    async def VideosCommentCountMethod(
        self, request: VideosCommentCountReq
    ) -> VideosCommentCountResp: ...

class CommentServiceClient(Protocol):
    async def CommentMethod(
        self,
        *,
        user_id: int,
        video_id: int,
        action_type: int,
        comment_text: str | None = None,
        comment_id: int | None = None,
        ids_only: bool | None = None,
        timeout: float | None = None,
    ) -> CommentResp: ...
    async def CommentListMethod(
        self,
        *,
        user_id: int,
        video_id: int,
        ids_only: bool | None = None,
        cursor: int | None = None,
        count: int | None = None,
        timeout: float | None = None,
    ) -> CommentListResp: ...
    async def VideosCommentCountMethod(
        self, *, video_id_list: list[int], timeout: float | None = None
    ) -> VideosCommentCountResp: ...

class Client(CommentServiceClient, Protocol): ...

class Handlers(TypedDict):
    CommentService: CommentServiceHandler

CONTRACT: Contract[Client, Handlers]
