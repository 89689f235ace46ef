"""The methods of FavoriteService."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from favoritemicro import pack
from favoritemicro.dal.favorite import Favorites
from favoritemicro.metrics import LIKES
from favoritemicro.peers import Peers
from favoritemicro.settings import Settings
from idl import favoritemicro, videomicro
from microkit.background import running
from microkit.batch import distinct
from microkit.context import Context
from microkit.paging import MAX_ITEMS, NEWEST, check_number

CONTRACT = favoritemicro.CONTRACT


@asynccontextmanager
async def open_handlers(context: Context[Settings]) -> AsyncIterator[favoritemicro.Handlers]:
    """Open stores and clients; yield the handlers by Thrift service."""
    favorites = Favorites(await context.redis())
    peers = Peers(context.client(videomicro.CONTRACT), favorites)
    async with running(favorites.complete()):
        yield {"FavoriteService": FavoriteHandler(favorites, peers)}


class FavoriteHandler:
    """Likes and their counts."""

    def __init__(self, favorites: Favorites, peers: Peers) -> None:
        self._favorites = favorites
        self._peers = peers

    async def FavoriteMethod(
        self, request: favoritemicro.FavoriteReq
    ) -> favoritemicro.FavoriteResp:
        """Like or unlike a video; idempotent."""
        user, video = request.user_id, request.video_id
        if request.action_type == favoritemicro.FavoriteAction.LIKE:
            author = await self._peers.author_of(video)
            LIKES.labels("added").inc(await self._favorites.like(user, video, author))
        else:
            author = await self._peers.author_of_liked(video)
            LIKES.labels("removed").inc(await self._favorites.unlike(user, video, author))
        return favoritemicro.FavoriteResp.ok()

    async def FavoriteListMethod(
        self, request: favoritemicro.FavoriteListReq
    ) -> favoritemicro.FavoriteListResp:
        """Return the videos that a user likes, the newest like first."""
        page = await self._favorites.given_by(
            request.user_id, request.cursor or NEWEST, request.count or MAX_ITEMS
        )
        return favoritemicro.FavoriteListResp.ok(
            video_id_list=page.items, next_cursor=page.next_cursor
        )

    async def FavoritePagesMethod(
        self, request: favoritemicro.FavoritePagesReq
    ) -> favoritemicro.FavoritePagesResp:
        """Return pages of the videos that several users like."""
        check_number(len(request.pages))
        pages = await self._favorites.pages(
            [
                (each.user_id, each.cursor or NEWEST, each.count or MAX_ITEMS)
                for each in request.pages
            ]
        )
        return favoritemicro.FavoritePagesResp.ok(
            pages=[page.items for page in pages], next_cursors=[page.next_cursor for page in pages]
        )

    async def ForgetVideoMethod(
        self, request: favoritemicro.ForgetVideoReq
    ) -> favoritemicro.ForgetVideoResp:
        """Remove likes of a deleted video, with their counts."""
        self._peers.forget(request.video_id)
        removed, more = await self._favorites.forget(request.video_id, request.author_id)
        LIKES.labels("removed").inc(removed)
        return favoritemicro.ForgetVideoResp.ok(more=more)

    async def FavoriteRelationMethod(
        self, request: favoritemicro.FavoriteRelationReq
    ) -> favoritemicro.FavoriteRelationResp:
        """Return whether a user likes a video."""
        is_favorite = await self._favorites.is_favorite(request.user_id, [request.video_id])
        return favoritemicro.FavoriteRelationResp.ok(is_favorite=is_favorite[request.video_id])

    async def FavoriteRelationsMethod(
        self, request: favoritemicro.FavoriteRelationsReq
    ) -> favoritemicro.FavoriteRelationsResp:
        """Return for each video whether a user likes it."""
        is_favorite = await self._favorites.is_favorite(
            request.user_id, distinct(request.video_id_list)
        )
        return favoritemicro.FavoriteRelationsResp.ok(is_favorite_map=is_favorite)

    async def VideoFavoriteCountMethod(
        self, request: favoritemicro.VideoFavoriteCountReq
    ) -> favoritemicro.VideoFavoriteCountResp:
        """Return the likes of a video."""
        counts = await self._favorites.video_counts([request.video_id])
        return favoritemicro.VideoFavoriteCountResp.ok(favorite_count=counts[request.video_id])

    async def VideosFavoriteCountMethod(
        self, request: favoritemicro.VideosFavoriteCountReq
    ) -> favoritemicro.VideosFavoriteCountResp:
        """Return the likes of each video."""
        counts = await self._favorites.video_counts(distinct(request.video_id_list))
        return favoritemicro.VideosFavoriteCountResp.ok(favorite_count_map=counts)

    async def UserFavoriteCountMethod(
        self, request: favoritemicro.UserFavoriteCountReq
    ) -> favoritemicro.UserFavoriteCountResp:
        """Return how many likes a user gave and received."""
        counts = (await self._favorites.user_counts([request.user_id]))[request.user_id]
        return favoritemicro.UserFavoriteCountResp.ok(
            favorite_count=counts.given,
            favorited_count=counts.received,
        )

    async def UsersFavoriteCountMethod(
        self, request: favoritemicro.UsersFavoriteCountReq
    ) -> favoritemicro.UsersFavoriteCountResp:
        """Return how many likes each user gave and received."""
        counts = await self._favorites.user_counts(distinct(request.user_id_list))
        return favoritemicro.UsersFavoriteCountResp.ok(favorite_count_map=pack.user_counts(counts))

    async def FavoriteSummaryMethod(
        self, request: favoritemicro.FavoriteSummaryReq
    ) -> favoritemicro.FavoriteSummaryResp:
        """Return the counts and flags for a page of videos and their authors."""
        video_ids, user_ids = distinct(request.video_id_list), distinct(request.user_id_list)
        viewed = request.viewed or []
        liked = asyncio.gather(
            *(self._favorites.liked(each.viewer, distinct(each.video_ids)) for each in viewed)
        )
        if request.columns:
            likes, (given, received), lists = await asyncio.gather(
                self._favorites.video_column(video_ids),
                self._favorites.user_columns(user_ids),
                liked,
            )
            return pack.summary_columns(likes, given, received, lists)
        likes_by_id, is_favorite, counts, lists = await asyncio.gather(
            self._favorites.video_counts(video_ids),
            self._favorites.is_favorite(request.user_id, [] if viewed else video_ids),
            self._favorites.user_counts(user_ids),
            liked,
        )
        return favoritemicro.FavoriteSummaryResp.ok(
            video_favorite_count_map=likes_by_id,
            is_favorite_map=is_favorite,
            user_favorite_count_map=pack.user_counts(counts),
            liked=lists,
        )
