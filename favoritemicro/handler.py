"""The methods of FavoriteService."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from favoritemicro import pack
from favoritemicro.authors import Authors
from favoritemicro.contract import contract, videos
from favoritemicro.dal.favorite import Favorites
from favoritemicro.settings import Settings
from microkit.batch import distinct
from microkit.context import Context
from microkit.errors import ParamError
from microkit.rpc.status import ok

_LIKE, _UNLIKE = 1, 2


@asynccontextmanager
async def open_handlers(context: Context[Settings]) -> AsyncIterator[Mapping[str, object]]:
    """Open what the service needs and give its handlers by Thrift service."""
    favorites = Favorites(await context.redis())
    authors = Authors(context.client("videoservice", videos), favorites)
    yield {"FavoriteService": FavoriteHandler(favorites, authors)}


class FavoriteHandler:
    """Likes and their counts."""

    def __init__(self, favorites: Favorites, authors: Authors) -> None:
        self._favorites = favorites
        self._authors = authors

    async def FavoriteMethod(self, request: Any) -> Any:
        """Like or unlike a video; doing it twice changes nothing."""
        user, video = request.user_id, request.video_id
        if user <= 0:
            raise ParamError("user_id 应为正整数")
        if request.action_type == _LIKE:
            await self._favorites.like(user, video, await self._authors.of(video))
        elif request.action_type == _UNLIKE:
            await self._favorites.unlike(user, video, await self._authors.of_liked(video))
        else:
            raise ParamError("action_type 应为 1（点赞）或 2（取消点赞）")
        return ok(contract.FavoriteResp)

    async def FavoriteListMethod(self, request: Any) -> Any:
        """Return the videos that a user likes, the newest like first."""
        ids = await self._favorites.given_by(request.user_id)
        return ok(contract.FavoriteListResp, video_id_list=ids)

    async def FavoriteRelationMethod(self, request: Any) -> Any:
        """Say whether a user likes a video."""
        known = await self._favorites.is_favorite(request.user_id, [request.video_id])
        return ok(contract.FavoriteRelationResp, is_favorite=known[request.video_id])

    async def FavoriteRelationsMethod(self, request: Any) -> Any:
        """Say of each video whether a user likes it."""
        known = await self._favorites.is_favorite(request.user_id, distinct(request.video_id_list))
        return ok(contract.FavoriteRelationsResp, is_favorite_map=known)

    async def VideoFavoriteCountMethod(self, request: Any) -> Any:
        """Return the likes of a video."""
        counts = await self._favorites.video_counts([request.video_id])
        return ok(contract.VideoFavoriteCountResp, favorite_count=counts[request.video_id])

    async def VideosFavoriteCountMethod(self, request: Any) -> Any:
        """Return the likes of each video."""
        counts = await self._favorites.video_counts(distinct(request.video_id_list))
        return ok(contract.VideosFavoriteCountResp, favorite_count_map=counts)

    async def UserFavoriteCountMethod(self, request: Any) -> Any:
        """Return how many likes a user gave and received."""
        counts = (await self._favorites.user_counts([request.user_id]))[request.user_id]
        return ok(
            contract.UserFavoriteCountResp,
            favorite_count=counts.given,
            favorited_count=counts.received,
        )

    async def UsersFavoriteCountMethod(self, request: Any) -> Any:
        """Return how many likes each user gave and received."""
        counts = await self._favorites.user_counts(distinct(request.user_id_list))
        return ok(contract.UsersFavoriteCountResp, favorite_count_map=pack.user_counts(counts))

    async def FavoriteSummaryMethod(self, request: Any) -> Any:
        """Return all that a page of videos and their authors needs."""
        video_ids = distinct(request.video_id_list)
        likes, known, counts = await asyncio.gather(
            self._favorites.video_counts(video_ids),
            self._favorites.is_favorite(request.user_id, video_ids),
            self._favorites.user_counts(distinct(request.user_id_list)),
        )
        return ok(
            contract.FavoriteSummaryResp,
            video_favorite_count_map=likes,
            is_favorite_map=known,
            user_favorite_count_map=pack.user_counts(counts),
        )
