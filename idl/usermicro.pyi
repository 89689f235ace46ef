# Written by scripts/stubs from usermicro.thrift; do not edit.
from typing import Final, Protocol, Self, TypedDict
import msgspec
from microkit.rpc.contract import Contract

DEFAULT_AVATAR: Final = "default/avatar.png"
DEFAULT_BACKGROUND_IMAGE: Final = "default/background.png"
DEFAULT_SIGNATURE: Final = "这个人很懒，什么都没有留下"

class UserInfo(msgspec.Struct, kw_only=True):
    """The five counts are copies that the Update… methods wrote. The current counts are in the services that own them."""

    id: int
    name: str
    email: str | None = None
    follow_count: int
    follower_count: int
    avatar: str  # an object key or an absolute URL
    background_image: str  # an object key or an absolute URL
    signature: str
    total_favorited: int
    work_count: int
    favorite_count: int

class CreateUserInfo(msgspec.Struct, kw_only=True):
    name: str
    email: str | None = None
    avatar: str | None = None
    background_image: str | None = None
    signature: str | None = None

class UpdateUserInfo(msgspec.Struct, kw_only=True):
    email: str | None = None
    password: str | None = None
    avatar: str | None = None
    background_image: str | None = None
    signature: str | None = None

class UpdateRelationCache(msgspec.Struct, kw_only=True):
    follow_count: int
    follower_count: int

class UpdateInteractionCache(msgspec.Struct, kw_only=True):
    total_favorited: int
    favorite_count: int

class UpdateWorkCache(msgspec.Struct, kw_only=True):
    work_count: int

class LoginUserReq(msgspec.Struct, kw_only=True):
    name: str
    password: str

class LoginUserResp(msgspec.Struct, kw_only=True):
    status: bool
    user_id: int | None = None
    status_code: int | None = None
    status_msg: str | None = None
    @classmethod
    def ok(cls, *, user_id: int | None = None) -> Self: ...

class GetUserReq(msgspec.Struct, kw_only=True):
    """By id; by name if id is unset."""

    id: int | None = None
    name: str | None = None

class GetUserResp(msgspec.Struct, kw_only=True):
    status: bool
    user: UserInfo | None = None
    status_code: int | None = None
    status_msg: str | None = None
    @classmethod
    def ok(cls, *, user: UserInfo | None = None) -> Self: ...

class GetUserSetByIdSetReq(msgspec.Struct, kw_only=True):
    id_set: list[int] | None = None

class GetUserSetByIdSetResp(msgspec.Struct, kw_only=True):
    """The users that exist, in any order."""

    status: bool
    user_set: list[UserInfo] | None = None
    status_code: int | None = None
    status_msg: str | None = None
    @classmethod
    def ok(cls, *, user_set: list[UserInfo] | None = None) -> Self: ...

class CreateUserReq(msgspec.Struct, kw_only=True):
    newuser: CreateUserInfo
    password: str

class CreateUserResp(msgspec.Struct, kw_only=True):
    status: bool
    user_id: int | None = None
    status_code: int | None = None
    status_msg: str | None = None
    @classmethod
    def ok(cls, *, user_id: int | None = None) -> Self: ...

class UpdateUserReq(msgspec.Struct, kw_only=True):
    id: int
    update_data: UpdateUserInfo

class UpdateUserResp(msgspec.Struct, kw_only=True):
    status: bool
    status_code: int | None = None
    status_msg: str | None = None
    @classmethod
    def ok(cls) -> Self: ...

class UpdateRelationCacheReq(msgspec.Struct, kw_only=True):
    id: int
    new_data: UpdateRelationCache

class UpdateRelationCacheResp(msgspec.Struct, kw_only=True):
    status: bool
    status_code: int | None = None
    status_msg: str | None = None
    @classmethod
    def ok(cls) -> Self: ...

class UpdateInteractionCacheReq(msgspec.Struct, kw_only=True):
    id: int
    new_data: UpdateInteractionCache

class UpdateInteractionCacheResp(msgspec.Struct, kw_only=True):
    status: bool
    status_code: int | None = None
    status_msg: str | None = None
    @classmethod
    def ok(cls) -> Self: ...

class UpdateWorkCacheReq(msgspec.Struct, kw_only=True):
    id: int
    new_data: UpdateWorkCache

class UpdateWorkCacheResp(msgspec.Struct, kw_only=True):
    status: bool
    status_code: int | None = None
    status_msg: str | None = None
    @classmethod
    def ok(cls) -> Self: ...

class UserServiceHandler(Protocol):
    async def GetUserMethod(self, request: GetUserReq) -> GetUserResp: ...
    async def GetUserSetByIdSetMethod(
        self, request: GetUserSetByIdSetReq
    ) -> GetUserSetByIdSetResp: ...
    async def LoginUserMethod(self, request: LoginUserReq) -> LoginUserResp: ...
    async def CreateUserMethod(self, request: CreateUserReq) -> CreateUserResp: ...
    async def UpdateUserMethod(self, request: UpdateUserReq) -> UpdateUserResp: ...
    async def UpdateRelationMethod(
        self, request: UpdateRelationCacheReq
    ) -> UpdateRelationCacheResp: ...
    async def UpdateInteractionMethod(
        self, request: UpdateInteractionCacheReq
    ) -> UpdateInteractionCacheResp: ...
    async def UpdateWorkMethod(self, request: UpdateWorkCacheReq) -> UpdateWorkCacheResp: ...

class UserServiceClient(Protocol):
    async def GetUserMethod(
        self, *, id: int | None = None, name: str | None = None, timeout: float | None = None
    ) -> GetUserResp: ...
    async def GetUserSetByIdSetMethod(
        self, *, id_set: list[int] | None = None, timeout: float | None = None
    ) -> GetUserSetByIdSetResp: ...
    async def LoginUserMethod(
        self, *, name: str, password: str, timeout: float | None = None
    ) -> LoginUserResp: ...
    async def CreateUserMethod(
        self, *, newuser: CreateUserInfo, password: str, timeout: float | None = None
    ) -> CreateUserResp: ...
    async def UpdateUserMethod(
        self, *, id: int, update_data: UpdateUserInfo, timeout: float | None = None
    ) -> UpdateUserResp: ...
    async def UpdateRelationMethod(
        self, *, id: int, new_data: UpdateRelationCache, timeout: float | None = None
    ) -> UpdateRelationCacheResp: ...
    async def UpdateInteractionMethod(
        self, *, id: int, new_data: UpdateInteractionCache, timeout: float | None = None
    ) -> UpdateInteractionCacheResp: ...
    async def UpdateWorkMethod(
        self, *, id: int, new_data: UpdateWorkCache, timeout: float | None = None
    ) -> UpdateWorkCacheResp: ...

class Client(UserServiceClient, Protocol): ...

class Handlers(TypedDict):
    UserService: UserServiceHandler

CONTRACT: Contract[Client, Handlers]
