# Written by scripts/stubs from favoritemicro.thrift; do not edit.
import enum
from typing import Protocol, Self, TypedDict
import msgspec
from microkit.rpc.contract import Contract

class FavoriteAction(enum.IntEnum):
    """The values of FavoriteReq.action_type, which is an i32 as in the original contract."""

    LIKE = 1
    UNLIKE = 2

class BaseResp(msgspec.Struct, kw_only=True):
    status_code: int
    status_msg: str | None = None

class FavoriteListReq(msgspec.Struct, kw_only=True):
    user_id: int
    cursor: int | None = None  # a next_cursor; 0: from the newest
    count: int | None = None  # at most; unset: 300

class FavoriteListResp(msgspec.Struct, kw_only=True):
    base_resp: BaseResp
    video_id_list: list[int]  # newest like first
    next_cursor: int | None = None  # 0: nothing more
    @classmethod
    def ok(cls, *, video_id_list: list[int], next_cursor: int | None = None) -> Self: ...

class FavoriteReq(msgspec.Struct, kw_only=True):
    user_id: int
    video_id: int
    action_type: int  # a FavoriteAction

class FavoriteResp(msgspec.Struct, kw_only=True):
    base_resp: BaseResp
    @classmethod
    def ok(cls) -> Self: ...

class FavoriteRelationReq(msgspec.Struct, kw_only=True):
    user_id: int
    video_id: int

class FavoriteRelationResp(msgspec.Struct, kw_only=True):
    base_resp: BaseResp
    is_favorite: bool
    @classmethod
    def ok(cls, *, is_favorite: bool) -> Self: ...

class FavoriteRelationsReq(msgspec.Struct, kw_only=True):
    user_id: int
    video_id_list: list[int]

class FavoriteRelationsResp(msgspec.Struct, kw_only=True):
    base_resp: BaseResp
    is_favorite_map: dict[int, bool]
    @classmethod
    def ok(cls, *, is_favorite_map: dict[int, bool]) -> Self: ...

class VideoFavoriteCountReq(msgspec.Struct, kw_only=True):
    video_id: int

class VideoFavoriteCountResp(msgspec.Struct, kw_only=True):
    base_resp: BaseResp
    favorite_count: int
    @classmethod
    def ok(cls, *, favorite_count: int) -> Self: ...

class UserFavoriteCountReq(msgspec.Struct, kw_only=True):
    user_id: int

class UserFavoriteCountResp(msgspec.Struct, kw_only=True):
    base_resp: BaseResp
    favorite_count: int  # likes given
    favorited_count: int  # likes received
    @classmethod
    def ok(cls, *, favorite_count: int, favorited_count: int) -> Self: ...

class VideosFavoriteCountReq(msgspec.Struct, kw_only=True):
    video_id_list: list[int]

class VideosFavoriteCountResp(msgspec.Struct, kw_only=True):
    base_resp: BaseResp
    favorite_count_map: dict[int, int]
    @classmethod
    def ok(cls, *, favorite_count_map: dict[int, int]) -> Self: ...

class UsersFavoriteCountReq(msgspec.Struct, kw_only=True):
    user_id_list: list[int]

class UsersFavoriteCountResp(msgspec.Struct, kw_only=True):
    base_resp: BaseResp
    favorite_count_map: dict[int, list[int]]  # user id: [likes given, likes received]
    @classmethod
    def ok(cls, *, favorite_count_map: dict[int, list[int]]) -> Self: ...

class Viewed(msgspec.Struct, kw_only=True):
    """One of several viewers who are asked about in one call, and the videos that the viewer sees."""

    viewer: int
    video_ids: list[int]

class FavoriteSummaryReq(msgspec.Struct, kw_only=True):
    """Added: all likes that a page of videos and authors shows, in one call."""

    user_id: int | None = None  # the viewer; if unset, is_favorite is false
    video_id_list: list[int]
    user_id_list: list[int]
    viewed: list[Viewed] | None = None  # several viewers at once, beside or in place of user_id

class FavoriteSummaryResp(msgspec.Struct, kw_only=True):
    base_resp: BaseResp
    video_favorite_count_map: dict[int, int]
    is_favorite_map: dict[int, bool]
    user_favorite_count_map: dict[int, list[int]]  # user id: [likes given, likes received]
    liked: list[list[int]] | None = None  # of each in `viewed`: the videos that the viewer likes
    @classmethod
    def ok(
        cls,
        *,
        video_favorite_count_map: dict[int, int],
        is_favorite_map: dict[int, bool],
        user_favorite_count_map: dict[int, list[int]],
        liked: list[list[int]] | None = None,
    ) -> Self: ...

class FavoriteServiceHandler(Protocol):
    async def FavoriteMethod(self, request: FavoriteReq) -> FavoriteResp: ...
    async def FavoriteListMethod(self, request: FavoriteListReq) -> FavoriteListResp: ...
    async def FavoriteRelationMethod(
        self, request: FavoriteRelationReq
    ) -> FavoriteRelationResp: ...
    async def FavoriteRelationsMethod(
        self, request: FavoriteRelationsReq
    ) -> FavoriteRelationsResp: ...
    async def VideoFavoriteCountMethod(
        self, request: VideoFavoriteCountReq
    ) -> VideoFavoriteCountResp: ...
    async def UserFavoriteCountMethod(
        self, request: UserFavoriteCountReq
    ) -> UserFavoriteCountResp: ...
    async def VideosFavoriteCountMethod(
        self, request: VideosFavoriteCountReq
    ) -> VideosFavoriteCountResp: ...
    async def UsersFavoriteCountMethod(
        self, request: UsersFavoriteCountReq
    ) -> UsersFavoriteCountResp: ...
    async def FavoriteSummaryMethod(self, request: FavoriteSummaryReq) -> FavoriteSummaryResp: ...

class FavoriteServiceClient(Protocol):
    async def FavoriteMethod(
        self, *, user_id: int, video_id: int, action_type: int, timeout: float | None = None
    ) -> FavoriteResp: ...
    async def FavoriteListMethod(
        self,
        *,
        user_id: int,
        cursor: int | None = None,
        count: int | None = None,
        timeout: float | None = None,
    ) -> FavoriteListResp: ...
    async def FavoriteRelationMethod(
        self, *, user_id: int, video_id: int, timeout: float | None = None
    ) -> FavoriteRelationResp: ...
    async def FavoriteRelationsMethod(
        self, *, user_id: int, video_id_list: list[int], timeout: float | None = None
    ) -> FavoriteRelationsResp: ...
    async def VideoFavoriteCountMethod(
        self, *, video_id: int, timeout: float | None = None
    ) -> VideoFavoriteCountResp: ...
    async def UserFavoriteCountMethod(
        self, *, user_id: int, timeout: float | None = None
    ) -> UserFavoriteCountResp: ...
    async def VideosFavoriteCountMethod(
        self, *, video_id_list: list[int], timeout: float | None = None
    ) -> VideosFavoriteCountResp: ...
    async def UsersFavoriteCountMethod(
        self, *, user_id_list: list[int], timeout: float | None = None
    ) -> UsersFavoriteCountResp: ...
    async def FavoriteSummaryMethod(
        self,
        *,
        user_id: int | None = None,
        video_id_list: list[int],
        user_id_list: list[int],
        viewed: list[Viewed] | None = None,
        timeout: float | None = None,
    ) -> FavoriteSummaryResp: ...

class Client(FavoriteServiceClient, Protocol): ...

class Handlers(TypedDict):
    FavoriteService: FavoriteServiceHandler

CONTRACT: Contract[Client, Handlers]
