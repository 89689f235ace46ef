"""Fallbacks for services with the original contract, which lacks two of our batch methods.

If a service does not know an added method, the original methods are called instead, which takes
more RPCs; this is logged once. The viewer is always sent, 0 if anonymous: the field is optional,
but the original services read it without a check.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from api.call import ANONYMOUS
from api.clients import Clients
from idl import favoritemicro, relationmicro
from microkit.errors import UnknownMethod

_log = logging.getLogger(__name__)
T = TypeVar("T")


class ViewerIds(NamedTuple):
    """A viewer, and the ids of the users or videos on the viewer's page."""

    viewer: int
    ids: Sequence[int]


@dataclass(slots=True)
class _AddedMethod:
    """A method we added; `supported` turns False at the first UnknownMethod reply."""

    name: str
    supported: bool = True

    async def call(
        self, added: Callable[[], Awaitable[T]], original: Callable[[], Awaitable[T]]
    ) -> T:
        if self.supported:
            try:
                return await added()
            except UnknownMethod:
                self.supported = False
                _log.warning(
                    "the service has no %s: calling the original methods instead", self.name
                )
        return await original()


class Fallback:
    """Batch calls to relationservice and favoriteservice, with fallbacks."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._infos = _AddedMethod("GetFollowInfosMethod")
        self._summaries = _AddedMethod("FavoriteSummaryMethod")

    async def follows(
        self, user_ids: list[int], viewed: Sequence[ViewerIds]
    ) -> tuple[Mapping[int, relationmicro.FollowInfo], list[frozenset[int]]]:
        """Return follow counts by user, and for each of `viewed` the users the viewer follows."""

        async def added() -> relationmicro.GetFollowInfosResp:
            return await self._clients.relations.GetFollowInfosMethod(
                my_uid=ANONYMOUS,
                target_uids=user_ids,
                viewed=[
                    relationmicro.Viewed(viewer=each.viewer, user_ids=list(each.ids))
                    for each in viewed
                ],
            )

        async def original() -> relationmicro.GetFollowInfosResp:
            answers = await asyncio.gather(
                *(
                    self._clients.relations.GetFollowInfoMethod(
                        my_uid=ANONYMOUS, target_uid=user_id
                    )
                    for user_id in user_ids
                )
            )
            pairs = zip(user_ids, answers, strict=True)
            return relationmicro.GetFollowInfosResp.ok(
                follow_info_map={
                    user_id: answer.follow_info for user_id, answer in pairs if answer.follow_info
                }
            )

        answer = await self._infos.call(added, original)
        infos = answer.follow_info_map or {}
        if answer.followed is None:  # an original service, or an older one without `viewed`
            return infos, await asyncio.gather(*map(self._followed, viewed))
        return infos, list(map(frozenset, answer.followed))

    async def likes(
        self, video_ids: list[int], user_ids: list[int], viewed: Sequence[ViewerIds]
    ) -> tuple[Mapping[int, int], Mapping[int, list[int]], list[frozenset[int]]]:
        """Return likes by video and by user, and for each of `viewed` the viewer's liked videos."""

        async def added() -> favoritemicro.FavoriteSummaryResp:
            return await self._clients.favorites.FavoriteSummaryMethod(
                user_id=ANONYMOUS,
                video_id_list=video_ids,
                user_id_list=user_ids,
                viewed=[
                    favoritemicro.Viewed(viewer=each.viewer, video_ids=list(each.ids))
                    for each in viewed
                ],
            )

        async def original() -> favoritemicro.FavoriteSummaryResp:
            videos, users = await asyncio.gather(
                self._clients.favorites.VideosFavoriteCountMethod(video_id_list=video_ids),
                self._clients.favorites.UsersFavoriteCountMethod(user_id_list=user_ids),
            )
            return favoritemicro.FavoriteSummaryResp.ok(
                video_favorite_count_map=videos.favorite_count_map,
                is_favorite_map={},
                user_favorite_count_map=users.favorite_count_map,
            )

        answer = await self._summaries.call(added, original)
        counts = answer.video_favorite_count_map, answer.user_favorite_count_map
        if answer.liked is None:  # an original service, or an older one without `viewed`
            return *counts, await asyncio.gather(*map(self._liked, viewed))
        return *counts, list(map(frozenset, answer.liked))

    async def _followed(self, viewed: ViewerIds) -> frozenset[int]:
        answer = await self._clients.relations.GetIsFollowsMethod(
            myUid=viewed.viewer, userIds=list(viewed.ids)
        )
        flags = answer.is_follow_map or {}
        return frozenset(user_id for user_id, follows in flags.items() if follows)

    async def _liked(self, viewed: ViewerIds) -> frozenset[int]:
        answer = await self._clients.favorites.FavoriteRelationsMethod(
            user_id=viewed.viewer, video_id_list=list(viewed.ids)
        )
        flags = answer.is_favorite_map or {}
        return frozenset(video_id for video_id, likes in flags.items() if likes)
