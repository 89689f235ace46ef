# Written by scripts/stubs from relation.thrift; do not edit.
import enum
from collections.abc import Mapping
from typing import Self
import msgspec
from idl import core
from microkit.rpc.contract import Contract

class MessageAction(enum.IntEnum):
    SEND = 1

class RelationReq(msgspec.Struct, kw_only=True):
    token: str
    to_user_id: int
    action_type: int

class RelationResp(msgspec.Struct, kw_only=True):
    status_code: int
    status_msg: str | None = None
    @classmethod
    def ok(cls) -> Self: ...

class FollowListReq(msgspec.Struct, kw_only=True):
    token: str
    user_id: int  # 0 or absent over HTTP: the user of the token
    cursor: int | None = None  # a next_cursor; 0: from the newest
    count: int | None = None  # at most; unset: 300

class FollowListResp(msgspec.Struct, kw_only=True):
    status_code: int
    status_msg: str | None = None
    user_list: list[core.User] = ...  # newest first
    next_cursor: int | None = None  # always set; 0: nothing more
    @classmethod
    def ok(cls, *, user_list: list[core.User] = ..., next_cursor: int | None = None) -> Self: ...

class FollowerListReq(msgspec.Struct, kw_only=True):
    token: str
    user_id: int  # 0 or absent over HTTP: the user of the token
    cursor: int | None = None  # a next_cursor; 0: from the newest
    count: int | None = None  # at most; unset: 300

class FollowerListResp(msgspec.Struct, kw_only=True):
    status_code: int
    status_msg: str | None = None
    user_list: list[core.User] = ...  # newest first
    next_cursor: int | None = None  # always set; 0: nothing more
    @classmethod
    def ok(cls, *, user_list: list[core.User] = ..., next_cursor: int | None = None) -> Self: ...

class FriendUser(msgspec.Struct, kw_only=True):
    """The fields of core.User (Thrift has no inheritance) and the newest message between the two users."""

    id: int
    name: str
    follow_count: int
    follower_count: int
    is_follow: bool
    avatar: str
    background_image: str
    signature: str
    total_favourited: str
    work_count: int
    favorite_count: int
    total_favorited: int | None = None
    message: str | None = None  # empty if there is no message
    msgType: int | None = None  # 0: the viewer received it, 1: the viewer sent it

class FriendListReq(msgspec.Struct, kw_only=True):
    token: str
    user_id: int  # 0 or absent over HTTP: the user of the token
    cursor: int | None = None  # a next_cursor; 0: from the newest
    count: int | None = None  # at most; unset: 300

class FriendListResp(msgspec.Struct, kw_only=True):
    status_code: int
    status_msg: str | None = None
    user_list: list[FriendUser] = ...  # newest friendship first
    next_cursor: int | None = None  # always set; 0: nothing more
    @classmethod
    def ok(cls, *, user_list: list[FriendUser] = ..., next_cursor: int | None = None) -> Self: ...

class Message(msgspec.Struct, kw_only=True):
    id: int
    to_user_id: int
    from_user_id: int | None = None
    content: str | None = None
    create_time: int  # ms

class MessageChatReq(msgspec.Struct, kw_only=True):
    token: str
    to_user_id: int
    pre_msg_time: int | None = None  # only messages received after this time; 0: all, both ways
    cursor: int | None = None  # a next_cursor; 0: from the newest, or from pre_msg_time on
    count: int | None = None  # at most; unset: 1,000

class MessageChatResp(msgspec.Struct, kw_only=True):
    status_code: int
    status_msg: str | None = None
    message_list: list[Message]  # oldest first
    next_cursor: int | None = None  # always set; 0: nothing more
    @classmethod
    def ok(cls, *, message_list: list[Message], next_cursor: int | None = None) -> Self: ...

class MessageActionReq(msgspec.Struct, kw_only=True):
    token: str
    to_user_id: int
    action_type: int
    content: str

class MessageActionResp(msgspec.Struct, kw_only=True):
    status_code: int
    status_msg: str | None = None
    @classmethod
    def ok(cls) -> Self: ...

CONTRACT: Contract[object, Mapping[str, object]]
