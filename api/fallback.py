"""The two calls of a page that the original contracts lack, and what stands in for them.

A service that does not know an added method is asked by the original ones, which takes more calls;
the log says so once. The viewer is always sent, 0 for nobody: it is optional, but the original
services read it without a check.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from api.clients import Clients
from idl import favoritemicro, relationmicro
from microkit.errors import UnknownMethod

_log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(slots=True)
class _Added:
    """One added method; `known` is False once a peer was found to lack it."""

    name: str
    known: bool = True

    async def call(
        self, call: Callable[[], Awaitable[T]], instead: Callable[[], Awaitable[T]]
    ) -> T:
        if self.known:
            try:
                return await call()
            except UnknownMethod:
                self.known = False
                _log.warning("the peer has no %s: asks by the original methods", self.name)
        return await instead()


class Fallback:
    """Asks relationservice and favoriteservice about many at once."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._infos = _Added("GetFollowInfosMethod")
        self._summaries = _Added("FavoriteSummaryMethod")

    async def follow_infos(
        self, viewer: int, user_ids: list[int]
    ) -> Mapping[int, relationmicro.FollowInfo]:
        """Return the follow infos of people, from the viewer's side."""

        async def call() -> Mapping[int, relationmicro.FollowInfo]:
            answer = await self._clients.relations.GetFollowInfosMethod(
                my_uid=viewer, target_uids=user_ids
            )
            return answer.follow_info_map or {}

        async def instead() -> Mapping[int, relationmicro.FollowInfo]:
            answers = await asyncio.gather(
                *(
                    self._clients.relations.GetFollowInfoMethod(my_uid=viewer, target_uid=user_id)
                    for user_id in user_ids
                )
            )
            known = zip(user_ids, answers, strict=True)
            return {user_id: answer.follow_info for user_id, answer in known if answer.follow_info}

        return await self._infos.call(call, instead)

    async def summary(
        self, viewer: int, video_ids: list[int], authors: list[int]
    ) -> favoritemicro.FavoriteSummaryResp:
        """Return the likes of videos and of their authors, and which the viewer likes."""

        async def call() -> favoritemicro.FavoriteSummaryResp:
            return await self._clients.favorites.FavoriteSummaryMethod(
                user_id=viewer, video_id_list=video_ids, user_id_list=authors
            )

        async def instead() -> favoritemicro.FavoriteSummaryResp:
            likes, liked, counts = await asyncio.gather(
                self._clients.favorites.VideosFavoriteCountMethod(video_id_list=video_ids),
                self._clients.favorites.FavoriteRelationsMethod(
                    user_id=viewer, video_id_list=video_ids
                ),
                self._clients.favorites.UsersFavoriteCountMethod(user_id_list=authors),
            )
            return favoritemicro.FavoriteSummaryResp(
                base_resp=likes.base_resp,
                video_favorite_count_map=likes.favorite_count_map,
                is_favorite_map=liked.is_favorite_map,
                user_favorite_count_map=counts.favorite_count_map,
            )

        return await self._summaries.call(call, instead)
