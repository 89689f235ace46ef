# Written by scripts/stubs from core.thrift; do not edit.
from collections.abc import Mapping
from typing import Self
import msgspec
from microkit.rpc.contract import Contract

class User(msgspec.Struct, kw_only=True):
    """A user as the viewer sees it. is_follow: does the viewer follow this user?"""

    id: int
    name: str
    follow_count: int
    follower_count: int
    is_follow: bool
    avatar: str  # absolute URL
    background_image: str  # absolute URL
    signature: str
    total_favourited: str  # likes received, as text (the original's spelling)
    work_count: int
    favorite_count: int
    total_favorited: int | None = None  # added: likes received, as a number

class Video(msgspec.Struct, kw_only=True):
    id: int
    author: User
    play_url: str  # absolute URL
    cover_url: str  # absolute URL
    favorite_count: int
    comment_count: int
    is_favorite: bool
    title: str

class FeedReq(msgspec.Struct, kw_only=True):
    latest_time: int | None = None  # only videos published before this time
    token: str | None = None

class FeedResp(msgspec.Struct, kw_only=True):
    status_code: int
    status_msg: str | None = None
    video_list: list[Video]  # newest first
    next_time: int  # ms: latest_time of the next page
    @classmethod
    def ok(cls, *, video_list: list[Video], next_time: int) -> Self: ...

class LoginReq(msgspec.Struct, kw_only=True):
    username: str
    password: str

class LoginResp(msgspec.Struct, kw_only=True):
    status_code: int
    status_msg: str | None = None
    user_id: int
    token: str
    @classmethod
    def ok(cls, *, user_id: int, token: str) -> Self: ...

class RegisterReq(msgspec.Struct, kw_only=True):
    username: str
    password: str | None = None

class RegisterResp(msgspec.Struct, kw_only=True):
    status_code: int
    status_msg: str | None = None
    user_id: int
    token: str
    @classmethod
    def ok(cls, *, user_id: int, token: str) -> Self: ...

class UserInfoReq(msgspec.Struct, kw_only=True):
    user_id: int  # 0 or absent over HTTP: the user of the token
    token: str

class UserInfoResp(msgspec.Struct, kw_only=True):
    status_code: int
    status_msg: str | None = None
    user: User
    @classmethod
    def ok(cls, *, user: User) -> Self: ...

class PublishActionReq(msgspec.Struct, kw_only=True):
    token: str
    data: bytes  # streamed to disk, never held in memory as a whole
    title: str

class PublishActionResp(msgspec.Struct, kw_only=True):
    status_code: int
    status_msg: str | None = None
    @classmethod
    def ok(cls) -> Self: ...

class PublishListReq(msgspec.Struct, kw_only=True):
    user_id: int  # 0 or absent over HTTP: the user of the token
    token: str
    cursor: int | None = None  # a next_cursor; 0: from the newest
    count: int | None = None  # at most; unset: 300

class PublishListResp(msgspec.Struct, kw_only=True):
    status_code: int
    status_msg: str | None = None
    video_list: list[Video]  # newest first
    next_cursor: int | None = None  # always set; 0: nothing more
    @classmethod
    def ok(cls, *, video_list: list[Video], next_cursor: int | None = None) -> Self: ...

CONTRACT: Contract[object, Mapping[str, object]]
