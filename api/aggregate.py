"""What several handlers show: people and videos with everything that is known of them.

However many there are, each service is asked once, all of them at the same time. A service that
does not answer costs its fields, not the page. What does not depend on the viewer is shared by all
requests that ask at the same moment.
"""

import asyncio
import logging
from collections.abc import Awaitable, Collection, Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeVar

from api.clients import Clients
from api.fallback import Fallback
from api.pack.user import Known, friend, user, users
from api.pack.video import Counted, video
from idl import core, relation, relationmicro, usermicro, videomicro
from microkit.batch import BatchLoader
from microkit.cache import CachedLoader
from microkit.errors import Error, NotFound

_log = logging.getLogger(__name__)
T = TypeVar("T")

# Over HTTP nobody can change a name or a picture.
_INFOS_CACHED: Final = 20_000
_INFOS_SECONDS: Final = 2.0


# FavoriteSummary takes the ids of videos and of people in one call, so one loader has both as keys.
_Asked = tuple[Literal["video", "person"], int]


class _Likes(NamedTuple):
    """Likes by video, which of them the viewer likes, and each author's [given, received]."""

    videos: Mapping[int, int]
    liked: Mapping[int, bool]
    authors: Mapping[int, list[int]]


_NO_LIKES = _Likes({}, {}, {})


class Aggregate:
    """The batched fan-outs. `base` is what object URLs begin with."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._fallback = Fallback(clients)
        self._infos: CachedLoader[int, usermicro.UserInfo] = CachedLoader(
            self._load_infos, _INFOS_CACHED, _INFOS_SECONDS
        )
        self._follows: BatchLoader[int, relationmicro.FollowInfo] = BatchLoader(self._load_follows)
        self._likes: BatchLoader[int, list[int]] = BatchLoader(self._load_likes)
        self._summaries: BatchLoader[_Asked, list[int]] = BatchLoader(self._load_summaries)
        self._works: BatchLoader[int, int] = BatchLoader(self._load_works)
        self._comments: BatchLoader[int, int] = BatchLoader(self._load_comments)

    async def full_user(self, viewer: int, user_id: int, base: str) -> core.User:
        """Return one person.

        Raises:
            NotFound: there is no such person.
            Unavailable: userservice does not answer.
        """
        infos, follows, likes, works = await asyncio.gather(
            self._infos.many([user_id]),
            _or_empty(self._follow_infos(viewer, [user_id])),
            _or_empty(self._likes.many([user_id])),
            _or_empty(self._works.many([user_id])),
        )
        if not infos:
            raise NotFound("用户不存在")
        return user(user_id, Known(infos, follows, _followed(follows), likes, works), base)

    async def full_users(
        self, viewer: int, user_ids: Collection[int], base: str
    ) -> dict[int, core.User]:
        """Return people by id, in the order of `user_ids`."""
        return users(user_ids, await self._known(viewer, list(user_ids)), base)

    async def full_friends(
        self, viewer: int, listed: Sequence[relationmicro.User], base: str
    ) -> list[relation.FriendUser]:
        """Return relationservice's friends in their order."""
        known = await self._known(viewer, [each.id for each in listed])
        return [friend(each, known, base) for each in listed]

    async def full_videos(
        self, viewer: int, rows: Sequence[videomicro.Video], base: str
    ) -> list[core.Video]:
        """Return videoservice's videos in their order."""
        if not rows:
            return []
        video_ids = [row.id for row in rows]
        authors = list({row.author_id for row in rows})
        infos, follows, works, likes, comments = await asyncio.gather(
            _or_empty(self._infos.many(authors)),
            _or_empty(self._follow_infos(viewer, authors)),
            _or_empty(self._works.many(authors)),
            _or_none(self._likes_of(viewer, video_ids, authors)),
            _or_empty(self._comments.many(video_ids)),
        )
        likes = likes or _NO_LIKES
        known = Known(infos, follows, _followed(follows), likes.authors, works)
        people = users(authors, known, base)
        counted = Counted(likes.videos, likes.liked, comments)
        return [video(row, people[row.author_id], counted, base) for row in rows]

    async def _follow_infos(
        self, viewer: int, user_ids: list[int]
    ) -> Mapping[int, relationmicro.FollowInfo]:
        if viewer:
            return await self._fallback.follow_infos(viewer, user_ids)
        return await self._follows.many(user_ids)

    async def _likes_of(self, viewer: int, video_ids: list[int], authors: list[int]) -> _Likes:
        if viewer:
            found = await self._fallback.summary(viewer, video_ids, authors)
            return _Likes(
                found.video_favorite_count_map, found.is_favorite_map, found.user_favorite_count_map
            )
        wanted: list[_Asked] = [("video", each) for each in video_ids]
        wanted += [("person", each) for each in authors]
        counts = await self._summaries.many(wanted)
        return _Likes(
            {each: n[0] for (kind, each), n in counts.items() if kind == "video"},
            {},
            {each: n for (kind, each), n in counts.items() if kind == "person"},
        )

    async def _known(self, viewer: int, user_ids: list[int]) -> Known:
        """Return what is known of a list's people: all but `followed` is shared between viewers."""
        if not user_ids:
            return Known({}, {}, {}, {}, {})
        return Known(
            *await asyncio.gather(
                _or_empty(self._infos.many(user_ids)),
                _or_empty(self._follows.many(user_ids)),
                _or_empty(self._is_follow(viewer, user_ids)),
                _or_empty(self._likes.many(user_ids)),
                _or_empty(self._works.many(user_ids)),
            )
        )

    async def _is_follow(self, viewer: int, user_ids: list[int]) -> Mapping[int, bool]:
        if not viewer:
            return {}
        answer = await self._clients.relations.GetIsFollowsMethod(myUid=viewer, userIds=user_ids)
        return answer.is_follow_map or {}

    async def _load_infos(self, user_ids: list[int]) -> Mapping[int, usermicro.UserInfo]:
        answer = await self._clients.users.GetUserSetByIdSetMethod(id_set=user_ids)
        return {info.id: info for info in answer.user_set or ()}

    async def _load_follows(self, user_ids: list[int]) -> Mapping[int, relationmicro.FollowInfo]:
        return await self._fallback.follow_infos(0, user_ids)

    async def _load_likes(self, user_ids: list[int]) -> Mapping[int, list[int]]:
        answer = await self._clients.favorites.UsersFavoriteCountMethod(user_id_list=user_ids)
        return answer.favorite_count_map

    async def _load_summaries(self, wanted: list[_Asked]) -> Mapping[_Asked, list[int]]:
        """Return a video's [likes], a person's [likes given, likes received]."""
        videos = [each for kind, each in wanted if kind == "video"]
        people = [each for kind, each in wanted if kind == "person"]
        found = await self._fallback.summary(0, videos, people)
        counts: dict[_Asked, list[int]] = {
            ("video", each): [n] for each, n in found.video_favorite_count_map.items()
        }
        for each, both in found.user_favorite_count_map.items():
            counts["person", each] = both
        return counts

    async def _load_works(self, authors: list[int]) -> Mapping[int, int]:
        answer = await self._clients.videos.GetVideoCountSetByIdUserSetMethod(author_id_set=authors)
        return {each.id: each.count for each in answer.count_set}

    async def _load_comments(self, video_ids: list[int]) -> Mapping[int, int]:
        answer = await self._clients.comments.VideosCommentCountMethod(video_id_list=video_ids)
        return answer.comment_count_map


def _followed(follows: Mapping[int, relationmicro.FollowInfo]) -> dict[int, bool]:
    return {user_id: info.is_follow for user_id, info in follows.items()}


async def _or_empty(answer: Awaitable[Mapping[int, T]]) -> Mapping[int, T]:
    return await _or_none(answer) or {}


async def _or_none(answer: Awaitable[T]) -> T | None:
    try:
        return await answer
    except Error as error:
        _log.warning("partial page: %s: %s: %s", error.peer, type(error).__name__, error.message)
        return None
