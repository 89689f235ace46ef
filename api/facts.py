"""What the services know of people and videos, loaded for all requests of one moment together.

Requests that ask at the same time share one call per service: the call carries the union of the ids
that they ask for, and every viewer with the ids on that viewer's page. So a call costs little more
for many requests than for one, and each request takes what it needs from the shared answer.
"""

import asyncio
import logging
from collections.abc import (
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from typing import Final, NamedTuple, TypeVar

from api.clients import Clients
from api.fallback import Fallback, Viewed
from api.pack.known import Follows, Known, Likes
from idl import usermicro
from microkit.batch import MAX_IDS, BatchLoader
from microkit.cache import CachedLoader
from microkit.errors import Error

_log = logging.getLogger(__name__)

K = TypeVar("K", bound=tuple[object, ...])
V = TypeVar("V")

# Over HTTP nobody can change a name or a picture.
_INFOS_CACHED: Final = 20_000
_INFOS_SECONDS: Final = 2.0

Ids = tuple[int, ...]
_Asked = tuple[Ids]
_Counts = dict[int, int]

_NO_FOLLOWS: Final = Follows({}, frozenset())
_NO_LIKES: Final = Likes({}, frozenset(), {})
_NOBODY: Final = Known({}, _NO_FOLLOWS, _NO_LIKES, {}, {})


class _PeopleSeen(NamedTuple):
    """People on a page, and who looks at it (0: nobody)."""

    viewer: int
    user_ids: Ids


class _PageSeen(NamedTuple):
    """Videos and people on a page, and who looks at it (0: nobody)."""

    viewer: int
    video_ids: Ids
    user_ids: Ids


class Facts:
    """Asks the five services, each once for a page; a service that does not answer is left out."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._fallback = Fallback(clients)
        self._infos: CachedLoader[int, usermicro.UserInfo] = CachedLoader(
            self._load_infos, _INFOS_CACHED, _INFOS_SECONDS
        )
        self._follows: BatchLoader[_PeopleSeen, Follows] = BatchLoader(_grouped(self._load_follows))
        self._likes: BatchLoader[_PageSeen, Likes] = BatchLoader(_grouped(self._load_likes))
        self._works: BatchLoader[_Asked, _Counts] = BatchLoader(_grouped(self._load_works))
        self._comments: BatchLoader[_Asked, _Counts] = BatchLoader(_grouped(self._load_comments))

    async def known(
        self,
        viewer: int,
        user_ids: Iterable[int],
        video_ids: Iterable[int] = (),
        *,
        needs_users: bool = False,
    ) -> Known:
        """Return what is known of people and videos, for the viewer (0: nobody).

        The answers may hold more than was asked for.

        Raises:
            Unavailable: userservice does not answer, and the caller `needs_users`.
        """
        people = _PeopleSeen(viewer, tuple(user_ids))
        page = _PageSeen(viewer, tuple(video_ids), people.user_ids)
        if not people.user_ids:
            return _NOBODY
        workers, videos = (people.user_ids,), (page.video_ids,)
        # All loads are under way before the first one is awaited.
        under_way = asyncio.gather(
            self._follows.join((people,)),
            self._likes.join((page,)),
            self._works.join((workers,)),
            *((self._comments.join((videos,)),) if page.video_ids else ()),
            return_exceptions=True,
        )
        infos = await self._known_infos(people.user_ids, needed=needs_users)
        follows, likes, works, *comments = await under_way
        return Known(
            infos,
            _answer(follows, people, _NO_FOLLOWS),
            _answer(likes, page, _NO_LIKES),
            _answer(works, workers, {}),
            _answer(comments[0], videos, {}) if comments else {},
        )

    async def _known_infos(
        self, user_ids: Ids, *, needed: bool
    ) -> Mapping[int, usermicro.UserInfo]:
        try:
            return await self._infos.many(user_ids)
        except Error as error:
            if needed:
                raise
            _warn(error)
            return {}

    async def _load_infos(self, user_ids: list[int]) -> Mapping[int, usermicro.UserInfo]:
        answer = await self._clients.users.GetUserSetByIdSetMethod(id_set=user_ids)
        return {info.id: info for info in answer.user_set or ()}

    async def _load_follows(self, asked: Sequence[_PeopleSeen]) -> Mapping[_PeopleSeen, Follows]:
        viewed = {each: Viewed(each.viewer, each.user_ids) for each in asked if each.viewer}
        infos, followed = await self._fallback.follows(
            _union(each.user_ids for each in asked), list(viewed.values())
        )
        by_viewer = dict(zip(viewed, followed, strict=True))
        return {each: Follows(infos, by_viewer.get(each, frozenset())) for each in asked}

    async def _load_likes(self, asked: Sequence[_PageSeen]) -> Mapping[_PageSeen, Likes]:
        seen = [each for each in asked if each.viewer and each.video_ids]
        videos, people, liked = await self._fallback.likes(
            _union(each.video_ids for each in asked),
            _union(each.user_ids for each in asked),
            [Viewed(each.viewer, each.video_ids) for each in seen],
        )
        by_viewer = dict(zip(seen, liked, strict=True))
        return {each: Likes(videos, by_viewer.get(each, frozenset()), people) for each in asked}

    async def _load_works(self, asked: Sequence[_Asked]) -> Mapping[_Asked, _Counts]:
        people = _union(ids for (ids,) in asked)
        answer = await self._clients.videos.GetVideoCountSetByIdUserSetMethod(author_id_set=people)
        counts = {each.id: each.count for each in answer.count_set}
        return dict.fromkeys(asked, counts)

    async def _load_comments(self, asked: Sequence[_Asked]) -> Mapping[_Asked, _Counts]:
        videos = _union(ids for (ids,) in asked)
        answer = await self._clients.comments.VideosCommentCountMethod(video_id_list=videos)
        return dict.fromkeys(asked, answer.comment_count_map)


def _answer(loaded: Mapping[K, V] | BaseException, asked: K, missing: V) -> V:
    """Return what was loaded, or what stands in for it when the service did not answer."""
    if isinstance(loaded, Error):
        _warn(loaded)
        return missing
    if isinstance(loaded, BaseException):
        raise loaded
    return loaded.get(asked, missing)


def _warn(error: Error) -> None:
    _log.warning("partial page: %s: %s: %s", error.peer, type(error).__name__, error.message)


def _union(ids: Iterable[Ids]) -> list[int]:
    return list(set().union(*ids))


def _grouped(
    load: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]],
) -> Callable[[list[K]], Awaitable[Mapping[K, V]]]:
    """Let `load` have as many requests at once as fit into one call."""

    async def load_groups(asked: list[K]) -> Mapping[K, V]:
        found: dict[K, V] = {}
        for group in _groups(asked):
            found |= await load(group)
        return found

    return load_groups


def _groups(asked: list[K]) -> Iterator[list[K]]:
    group: list[K] = []
    room = MAX_IDS
    for each in asked:
        size = sum(len(ids) for ids in each if isinstance(ids, tuple))
        if group and size > room:
            yield group
            group, room = [], MAX_IDS
        group.append(each)
        room -= size
    yield group
