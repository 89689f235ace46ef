# Written by scripts/stubs from relationmicro.thrift; do not edit.
import enum
from typing import Protocol, Self, TypedDict
import msgspec
from microkit.rpc.contract import Contract

class FollowAction(enum.IntEnum):
    """The values of FollowReq.action_type, which is an i32 as in the original contract."""

    FOLLOW = 1
    UNFOLLOW = 2

class User(msgspec.Struct, kw_only=True):
    id: int
    name: str  # empty with ids_only
    follow_count: int | None = None
    follower_count: int | None = None
    is_follow: bool  # does the viewer follow this user?
    avatar: str | None = None
    background_image: str | None = None
    signature: str | None = None
    total_favorited: int | None = None
    work_count: int | None = None
    favorite_count: int | None = None
    message: str | None = None  # friend lists: the newest message between the two users
    msg_type: int | None = None  # friend lists: 0 received, 1 sent by the list's owner

class FollowInfo(msgspec.Struct, kw_only=True):
    follow_count: int
    follower_count: int
    is_follow: bool

class FriendInfo(msgspec.Struct, kw_only=True):
    id: int
    name: str
    follow_count: int | None = None
    follower_count: int | None = None
    is_follow: bool
    avatar: str | None = None
    background_image: str | None = None
    signature: str | None = None
    total_favorited: int | None = None
    work_count: int | None = None
    favorite_count: int | None = None

class FollowReq(msgspec.Struct, kw_only=True):
    my_uid: int
    target_uid: int
    action_type: int  # a FollowAction

class FollowResp(msgspec.Struct, kw_only=True):
    status_code: int
    msg: str | None = None
    error_code: int | None = None  # the error number, as in errors.thrift
    @classmethod
    def ok(cls) -> Self: ...

class GetFollowInfoReq(msgspec.Struct, kw_only=True):
    my_uid: int | None = None
    target_uid: int

class GetFollowInfoResp(msgspec.Struct, kw_only=True):
    status_code: int
    follow_info: FollowInfo | None = None
    msg: str | None = None
    error_code: int | None = None  # the error number, as in errors.thrift
    @classmethod
    def ok(cls, *, follow_info: FollowInfo | None = None) -> Self: ...

class GetFollowListReq(msgspec.Struct, kw_only=True):
    """In the three list requests, myId or myUid is the viewer (for is_follow); targetId or targetUid owns the list."""

    myId: int | None = None
    targetId: int
    ids_only: bool | None = None  # return only the ids of users: saves a call to userservice
    cursor: int | None = None  # a next_cursor; 0: from the newest
    count: int | None = None  # at most; unset: 300

class GetFollowListResp(msgspec.Struct, kw_only=True):
    statusCode: int
    userList: list[User]
    msg: str | None = None
    error_code: int | None = None  # the error number, as in errors.thrift
    next_cursor: int | None = None  # 0: nothing more
    @classmethod
    def ok(cls, *, userList: list[User], next_cursor: int | None = None) -> Self: ...

class GetFollowerListReq(msgspec.Struct, kw_only=True):
    myId: int | None = None
    targetId: int
    ids_only: bool | None = None
    cursor: int | None = None  # a next_cursor; 0: from the newest
    count: int | None = None  # at most; unset: 300

class GetFollowerListResp(msgspec.Struct, kw_only=True):
    statusCode: int
    user_list: list[User]
    msg: str | None = None
    error_code: int | None = None  # the error number, as in errors.thrift
    next_cursor: int | None = None  # 0: nothing more
    @classmethod
    def ok(cls, *, user_list: list[User], next_cursor: int | None = None) -> Self: ...

class GetFriendListReq(msgspec.Struct, kw_only=True):
    myUid: int | None = None
    targetUid: int
    ids_only: bool | None = None
    cursor: int | None = None  # a next_cursor; 0: from the newest
    count: int | None = None  # at most; unset: 300

class GetFriendListResp(msgspec.Struct, kw_only=True):
    status_code: int
    friend_list: list[User] | None = None
    msg: str | None = None
    error_code: int | None = None  # the error number, as in errors.thrift
    next_cursor: int | None = None  # 0: nothing more
    @classmethod
    def ok(
        cls, *, friend_list: list[User] | None = None, next_cursor: int | None = None
    ) -> Self: ...

class GetIsFollowsReq(msgspec.Struct, kw_only=True):
    myUid: int
    userIds: list[int]

class GetIsFollowsResp(msgspec.Struct, kw_only=True):
    status_code: int
    is_follow_map: dict[int, bool] | None = None
    msg: str | None = None
    error_code: int | None = None  # the error number, as in errors.thrift
    @classmethod
    def ok(cls, *, is_follow_map: dict[int, bool] | None = None) -> Self: ...

class Viewed(msgspec.Struct, kw_only=True):
    """One of several viewers who are asked about in one call, and the users that the viewer sees."""

    viewer: int
    user_ids: list[int]

class GetFollowInfosReq(msgspec.Struct, kw_only=True):
    """Added: the follow info of many users in one call. If my_uid is unset, is_follow is false."""

    my_uid: int | None = None
    target_uids: list[int]
    viewed: list[Viewed] | None = None  # several viewers at once, beside or in place of my_uid

class GetFollowInfosResp(msgspec.Struct, kw_only=True):
    status_code: int
    follow_info_map: dict[int, FollowInfo] | None = None
    msg: str | None = None
    error_code: int | None = None  # the error number, as in errors.thrift
    followed: list[list[int]] | None = (
        None  # of each in `viewed`: the users that the viewer follows
    )
    @classmethod
    def ok(
        cls,
        *,
        follow_info_map: dict[int, FollowInfo] | None = None,
        followed: list[list[int]] | None = None,
    ) -> Self: ...

class Message(msgspec.Struct, kw_only=True):
    id: int
    to_user_id: int
    from_user_id: int
    content: str
    create_time: str | None = None  # ms since 1970, as decimal text
    create_time_ms: int | None = None

class GetAllMessageReq(msgspec.Struct, kw_only=True):
    user_id: int
    to_user_id: int
    pre_msg_time: int | None = (
        None  # ms: only messages received after this time; unset or 0: all, both ways
    )
    cursor: int | None = None  # a next_cursor; 0: from the newest, or from pre_msg_time on
    count: int | None = None  # at most; unset: 1,000

class GetAllMessageResp(msgspec.Struct, kw_only=True):
    status: bool
    msg: list[Message]  # oldest first; the newest of the chat, or the oldest after pre_msg_time
    status_code: int | None = None
    status_msg: str | None = None
    next_cursor: int | None = None  # 0: nothing more
    @classmethod
    def ok(cls, *, msg: list[Message], next_cursor: int | None = None) -> Self: ...

class SendMessageReq(msgspec.Struct, kw_only=True):
    user_id: int
    to_user_id: int
    content: str

class SendMessageResp(msgspec.Struct, kw_only=True):
    status: bool
    status_code: int | None = None
    status_msg: str | None = None
    message: Message | None = None  # the message as stored
    @classmethod
    def ok(cls, *, message: Message | None = None) -> Self: ...

class RelationServiceHandler(Protocol):
    async def FollowMethod(self, request: FollowReq) -> FollowResp: ...
    async def GetFollowInfoMethod(self, request: GetFollowInfoReq) -> GetFollowInfoResp: ...
    async def GetFollowListMethod(self, request: GetFollowListReq) -> GetFollowListResp: ...
    async def GetFollowerListMethod(self, request: GetFollowerListReq) -> GetFollowerListResp: ...
    async def GetFriendListMethod(self, request: GetFriendListReq) -> GetFriendListResp: ...
    async def GetIsFollowsMethod(self, request: GetIsFollowsReq) -> GetIsFollowsResp: ...
    async def GetFollowInfosMethod(self, request: GetFollowInfosReq) -> GetFollowInfosResp: ...

class RelationServiceClient(Protocol):
    async def FollowMethod(
        self, *, my_uid: int, target_uid: int, action_type: int, timeout: float | None = None
    ) -> FollowResp: ...
    async def GetFollowInfoMethod(
        self, *, my_uid: int | None = None, target_uid: int, timeout: float | None = None
    ) -> GetFollowInfoResp: ...
    async def GetFollowListMethod(
        self,
        *,
        myId: int | None = None,
        targetId: int,
        ids_only: bool | None = None,
        cursor: int | None = None,
        count: int | None = None,
        timeout: float | None = None,
    ) -> GetFollowListResp: ...
    async def GetFollowerListMethod(
        self,
        *,
        myId: int | None = None,
        targetId: int,
        ids_only: bool | None = None,
        cursor: int | None = None,
        count: int | None = None,
        timeout: float | None = None,
    ) -> GetFollowerListResp: ...
    async def GetFriendListMethod(
        self,
        *,
        myUid: int | None = None,
        targetUid: int,
        ids_only: bool | None = None,
        cursor: int | None = None,
        count: int | None = None,
        timeout: float | None = None,
    ) -> GetFriendListResp: ...
    async def GetIsFollowsMethod(
        self, *, myUid: int, userIds: list[int], timeout: float | None = None
    ) -> GetIsFollowsResp: ...
    async def GetFollowInfosMethod(
        self,
        *,
        my_uid: int | None = None,
        target_uids: list[int],
        viewed: list[Viewed] | None = None,
        timeout: float | None = None,
    ) -> GetFollowInfosResp: ...

class MessageServiceHandler(Protocol):
    async def GetAllMessageMethod(self, request: GetAllMessageReq) -> GetAllMessageResp: ...
    async def SendMessageMethod(self, request: SendMessageReq) -> SendMessageResp: ...

class MessageServiceClient(Protocol):
    async def GetAllMessageMethod(
        self,
        *,
        user_id: int,
        to_user_id: int,
        pre_msg_time: int | None = None,
        cursor: int | None = None,
        count: int | None = None,
        timeout: float | None = None,
    ) -> GetAllMessageResp: ...
    async def SendMessageMethod(
        self, *, user_id: int, to_user_id: int, content: str, timeout: float | None = None
    ) -> SendMessageResp: ...

class Client(RelationServiceClient, MessageServiceClient, Protocol): ...

class Handlers(TypedDict):
    RelationService: RelationServiceHandler
    MessageService: MessageServiceHandler

CONTRACT: Contract[Client, Handlers]
