"""The two calls of a page that the original contracts lack, and what stands in for them.

A service that does not know an added method is asked by the original ones, which takes more calls;
the log says so once. The viewer is always sent, 0 for nobody: it is optional, but the original
services read it without a check.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

from api.clients import Clients
from idl import favoritemicro, relationmicro
from microkit.errors import UnknownMethod

_log = logging.getLogger(__name__)
T = TypeVar("T")

_NOBODY: Final = 0


class Viewed(NamedTuple):
    """What one viewer sees: ids of people, or of videos."""

    viewer: int
    ids: Sequence[int]


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

    async def follows(
        self, user_ids: list[int], viewed: Sequence[Viewed]
    ) -> tuple[Mapping[int, relationmicro.FollowInfo], list[frozenset[int]]]:
        """Return the follow counts of people, and for each of `viewed` whom the viewer follows."""

        async def call() -> relationmicro.GetFollowInfosResp:
            return await self._clients.relations.GetFollowInfosMethod(
                my_uid=_NOBODY,
                target_uids=user_ids,
                viewed=[
                    relationmicro.Viewed(viewer=each.viewer, user_ids=list(each.ids))
                    for each in viewed
                ],
            )

        async def instead() -> relationmicro.GetFollowInfosResp:
            answers = await asyncio.gather(
                *(
                    self._clients.relations.GetFollowInfoMethod(my_uid=_NOBODY, target_uid=user_id)
                    for user_id in user_ids
                )
            )
            known = zip(user_ids, answers, strict=True)
            return relationmicro.GetFollowInfosResp.ok(
                follow_info_map={
                    user_id: answer.follow_info for user_id, answer in known if answer.follow_info
                }
            )

        answer = await self._infos.call(call, instead)
        infos = answer.follow_info_map or {}
        if answer.followed is None:  # the peer has the original methods, or no `viewed` yet
            return infos, await asyncio.gather(*map(self._followed, viewed))
        return infos, list(map(frozenset, answer.followed))

    async def likes(
        self, video_ids: list[int], user_ids: list[int], viewed: Sequence[Viewed]
    ) -> tuple[Mapping[int, int], Mapping[int, list[int]], list[frozenset[int]]]:
        """Return the likes of videos, of people, and for each of `viewed` what the viewer likes."""

        async def call() -> favoritemicro.FavoriteSummaryResp:
            return await self._clients.favorites.FavoriteSummaryMethod(
                user_id=_NOBODY,
                video_id_list=video_ids,
                user_id_list=user_ids,
                viewed=[
                    favoritemicro.Viewed(viewer=each.viewer, video_ids=list(each.ids))
                    for each in viewed
                ],
            )

        async def instead() -> favoritemicro.FavoriteSummaryResp:
            videos, people = await asyncio.gather(
                self._clients.favorites.VideosFavoriteCountMethod(video_id_list=video_ids),
                self._clients.favorites.UsersFavoriteCountMethod(user_id_list=user_ids),
            )
            return favoritemicro.FavoriteSummaryResp.ok(
                video_favorite_count_map=videos.favorite_count_map,
                is_favorite_map={},
                user_favorite_count_map=people.favorite_count_map,
            )

        answer = await self._summaries.call(call, instead)
        counts = answer.video_favorite_count_map, answer.user_favorite_count_map
        if answer.liked is None:  # the peer has the original methods, or no `viewed` yet
            return *counts, await asyncio.gather(*map(self._liked, viewed))
        return *counts, list(map(frozenset, answer.liked))

    async def _followed(self, viewed: Viewed) -> frozenset[int]:
        answer = await self._clients.relations.GetIsFollowsMethod(
            myUid=viewed.viewer, userIds=list(viewed.ids)
        )
        known = answer.is_follow_map or {}
        return frozenset(user_id for user_id, follows in known.items() if follows)

    async def _liked(self, viewed: Viewed) -> frozenset[int]:
        answer = await self._clients.favorites.FavoriteRelationsMethod(
            user_id=viewed.viewer, video_id_list=list(viewed.ids)
        )
        known = answer.is_favorite_map or {}
        return frozenset(video_id for video_id, likes in known.items() if likes)
