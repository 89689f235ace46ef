"""The calls that load a page's facts, with fallbacks for services with the original contract.

The viewer is always sent, 0 if anonymous: the field is optional, but the original services read it
without a check.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from api.added import AddedMethod
from api.call import ANONYMOUS
from api.clients import Clients
from idl import favoritemicro, relationmicro

_NO_FOLLOWS: Final = relationmicro.FollowInfo(follow_count=0, follower_count=0, is_follow=False)
_NO_LIKES: Final = (0, 0)


class ViewerIds(NamedTuple):
    """A viewer, and the ids of the users or videos on the viewer's page."""

    viewer: int
    ids: Sequence[int]


class FollowFacts(NamedTuple):
    """Follow counts in the order of the requested users, and what each viewer has to do with them.

    Attributes:
        following: how many each user follows.
        followers: how many follow each user.
        followed: the users that each viewer follows.
        apart: the users who block the viewer or whom the viewer blocks, for each viewer.
    """

    following: Sequence[int]
    followers: Sequence[int]
    followed: Sequence[frozenset[int]]
    apart: Sequence[frozenset[int]]

    @classmethod
    def none(cls, users: int, viewers: int) -> "FollowFacts":
        """Return zeros."""
        nobody = [frozenset[int]()] * viewers
        return cls([0] * users, [0] * users, nobody, nobody)


class LikeFacts(NamedTuple):
    """Likes of the requested videos, given and received by the users, and of each viewer."""

    videos: Sequence[int]
    given: Sequence[int]
    received: Sequence[int]
    liked: Sequence[frozenset[int]]

    @classmethod
    def none(cls, videos: int, users: int, viewers: int) -> "LikeFacts":
        """Return zeros."""
        return cls([0] * videos, [0] * users, [0] * users, [frozenset()] * viewers)


class Fallback:
    """Batch calls to relationservice and favoriteservice, with fallbacks."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._infos = AddedMethod("GetFollowInfosMethod")
        self._summaries = AddedMethod("FavoriteSummaryMethod")

    async def follows(self, user_ids: list[int], viewed: Sequence[ViewerIds]) -> FollowFacts:
        """Return the follows of distinct users, and which of their users the viewers follow."""

        async def added() -> relationmicro.GetFollowInfosResp:
            return await self._clients.relations.GetFollowInfosMethod(
                my_uid=ANONYMOUS,
                target_uids=user_ids,
                viewed=[
                    relationmicro.Viewed(viewer=each.viewer, user_ids=list(each.ids))
                    for each in viewed
                ],
                columns=True,
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
        following, followers = answer.follow_counts, answer.follower_counts
        if following is None or followers is None:  # a service without `columns`
            infos = answer.follow_info_map or {}
            found = [infos.get(each, _NO_FOLLOWS) for each in user_ids]
            following = [each.follow_count for each in found]
            followers = [each.follower_count for each in found]
        if answer.followed is None:  # an original service, or an older one without `viewed`
            followed = await asyncio.gather(*map(self._followed, viewed))
        else:
            followed = list(map(frozenset, answer.followed))
        if answer.apart is None:  # a service without blocks
            return FollowFacts(following, followers, followed, [frozenset()] * len(viewed))
        return FollowFacts(following, followers, followed, list(map(frozenset, answer.apart)))

    async def likes(
        self, video_ids: list[int], user_ids: list[int], viewed: Sequence[ViewerIds]
    ) -> LikeFacts:
        """Return the likes of distinct videos and users, and which videos the viewers like."""

        async def added() -> favoritemicro.FavoriteSummaryResp:
            return await self._clients.favorites.FavoriteSummaryMethod(
                user_id=ANONYMOUS,
                video_id_list=video_ids,
                user_id_list=user_ids,
                viewed=[
                    favoritemicro.Viewed(viewer=each.viewer, video_ids=list(each.ids))
                    for each in viewed
                ],
                columns=True,
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
        videos, given, received = (
            answer.video_counts,
            answer.given_counts,
            answer.received_counts,
        )
        if videos is None or given is None or received is None:  # a service without `columns`
            videos = [answer.video_favorite_count_map.get(each, 0) for each in video_ids]
            found = [answer.user_favorite_count_map.get(each, _NO_LIKES) for each in user_ids]
            given, received = [each[0] for each in found], [each[1] for each in found]
        if answer.liked is None:  # an original service, or an older one without `viewed`
            liked = await asyncio.gather(*map(self._liked, viewed))
        else:
            liked = list(map(frozenset, answer.liked))
        return LikeFacts(videos, given, received, liked)

    async def _followed(self, viewed: ViewerIds) -> frozenset[int]:
        answer = await self._clients.relations.GetIsFollowsMethod(
            myUid=viewed.viewer, userIds=list(viewed.ids)
        )
        flags = answer.is_follow_map or {}
        return frozenset(user_id for user_id, follows in flags.items() if follows)

    async def _liked(self, viewed: ViewerIds) -> frozenset[int]:
        if not viewed.ids:
            return frozenset()
        answer = await self._clients.favorites.FavoriteRelationsMethod(
            user_id=viewed.viewer, video_id_list=list(viewed.ids)
        )
        flags = answer.is_favorite_map or {}
        return frozenset(video_id for video_id, likes in flags.items() if likes)
