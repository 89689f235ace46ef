# Written by scripts/stubs from interaction.thrift; do not edit.
from collections.abc import Mapping
from typing import Self
import msgspec
from idl import core
from microkit.rpc.contract import Contract

class FavoriteReq(msgspec.Struct, kw_only=True):
    token: str
    video_id: int
    action_type: int

class FavoriteResp(msgspec.Struct, kw_only=True):
    status_code: int
    status_msg: str | None = None
    @classmethod
    def ok(cls) -> Self: ...

class FavoriteListReq(msgspec.Struct, kw_only=True):
    token: str
    user_id: int  # 0 or absent over HTTP: the user of the token
    cursor: int | None = None  # a next_cursor; 0: from the newest
    count: int | None = None  # at most; unset: 300

class FavoriteListResp(msgspec.Struct, kw_only=True):
    status_code: int
    status_msg: str | None = None
    video_list: list[core.Video]  # newest like first
    next_cursor: int | None = None  # always set; 0: nothing more
    @classmethod
    def ok(cls, *, video_list: list[core.Video], next_cursor: int | None = None) -> Self: ...

class Comment(msgspec.Struct, kw_only=True):
    id: int
    user: core.User
    content: str
    create_date: str  # "mm-dd"

class CommentReq(msgspec.Struct, kw_only=True):
    token: str
    video_id: int
    action_type: int
    comment_text: str | None = None
    comment_id: int | None = None

class CommentResp(msgspec.Struct, kw_only=True):
    status_code: int
    status_msg: str | None = None
    comment: Comment | None = None  # action_type 1 only
    @classmethod
    def ok(cls, *, comment: Comment | None = None) -> Self: ...

class CommentListReq(msgspec.Struct, kw_only=True):
    token: str
    video_id: int
    cursor: int | None = None  # a next_cursor; 0: from the newest
    count: int | None = None  # at most; unset: 300

class CommentListResp(msgspec.Struct, kw_only=True):
    status_code: int
    status_msg: str | None = None
    comment_list: list[Comment]  # newest first
    next_cursor: int | None = None  # always set; 0: nothing more
    @classmethod
    def ok(cls, *, comment_list: list[Comment], next_cursor: int | None = None) -> Self: ...

CONTRACT: Contract[object, Mapping[str, object]]
