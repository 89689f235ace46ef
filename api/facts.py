"""Loads the data of a page's users and videos from the five services.

Concurrent requests share one call per service: it carries the union of their ids, and each viewer
with the ids on that viewer's page. A shared call costs little more than one for a single request.
Each request reads its own ids from the response.
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
from api.fallback import Fallback, ViewerIds
from api.pack.facts import FollowFacts, LikeFacts, PageFacts
from idl import usermicro
from microkit.batch import MAX_IDS, BatchLoader
from microkit.cache import CachedLoader
from microkit.errors import Error

_log = logging.getLogger(__name__)

K = TypeVar("K", bound=tuple[object, ...])
V = TypeVar("V")

# No HTTP method changes a name or a picture, so two seconds of staleness are invisible.
_INFO_CACHE_SIZE: Final = 20_000
_INFO_CACHE_SECONDS: Final = 2.0

Ids = tuple[int, ...]
_CountKey = tuple[Ids]
_Counts = dict[int, int]

_NO_FOLLOWS: Final = FollowFacts({}, frozenset())
_NO_LIKES: Final = LikeFacts({}, frozenset(), {})
_NO_FACTS: Final = PageFacts({}, _NO_FOLLOWS, _NO_LIKES, {}, {})


class _FollowKey(NamedTuple):
    """The users on a page, and its viewer (0: anonymous)."""

    viewer: int
    user_ids: Ids


class _LikeKey(NamedTuple):
    """The videos and users on a page, and its viewer (0: anonymous)."""

    viewer: int
    video_ids: Ids
    user_ids: Ids


class FactLoader:
    """Calls each service once per page. A failed service leaves its data empty: a partial page."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._fallback = Fallback(clients)
        self._infos: CachedLoader[int, usermicro.UserInfo] = CachedLoader(
            self._load_infos, _INFO_CACHE_SIZE, _INFO_CACHE_SECONDS
        )
        self._follows: BatchLoader[_FollowKey, FollowFacts] = BatchLoader(
            _grouped(self._load_follows)
        )
        self._likes: BatchLoader[_LikeKey, LikeFacts] = BatchLoader(_grouped(self._load_likes))
        self._works: BatchLoader[_CountKey, _Counts] = BatchLoader(_grouped(self._load_works))
        self._comments: BatchLoader[_CountKey, _Counts] = BatchLoader(_grouped(self._load_comments))

    async def load(
        self,
        viewer: int,
        user_ids: Iterable[int],
        video_ids: Iterable[int] = (),
        *,
        needs_users: bool = False,
    ) -> PageFacts:
        """Return the data of users and videos for a viewer (0: anonymous).

        It may include other users and videos, from concurrent requests.

        Raises:
            Error: userservice failed, and `needs_users` is set.
        """
        follow_key = _FollowKey(viewer, tuple(user_ids))
        like_key = _LikeKey(viewer, tuple(video_ids), follow_key.user_ids)
        if not follow_key.user_ids:
            return _NO_FACTS
        work_key, comment_key = (follow_key.user_ids,), (like_key.video_ids,)
        # All loads are started before the first one is awaited.
        loads = asyncio.gather(
            self._follows.join((follow_key,)),
            self._likes.join((like_key,)),
            self._works.join((work_key,)),
            *((self._comments.join((comment_key,)),) if like_key.video_ids else ()),
            return_exceptions=True,
        )
        infos = await self._user_infos(follow_key.user_ids, needed=needs_users)
        follows, likes, works, *comments = await loads
        return PageFacts(
            infos,
            _result(follows, follow_key, _NO_FOLLOWS),
            _result(likes, like_key, _NO_LIKES),
            _result(works, work_key, {}),
            _result(comments[0], comment_key, {}) if comments else {},
        )

    async def _user_infos(self, user_ids: Ids, *, needed: bool) -> Mapping[int, usermicro.UserInfo]:
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

    async def _load_follows(self, keys: Sequence[_FollowKey]) -> Mapping[_FollowKey, FollowFacts]:
        viewed = {key: ViewerIds(key.viewer, key.user_ids) for key in keys if key.viewer}
        infos, followed = await self._fallback.follows(
            _union(key.user_ids for key in keys), list(viewed.values())
        )
        by_key = dict(zip(viewed, followed, strict=True))
        return {key: FollowFacts(infos, by_key.get(key, frozenset())) for key in keys}

    async def _load_likes(self, keys: Sequence[_LikeKey]) -> Mapping[_LikeKey, LikeFacts]:
        signed_in = [key for key in keys if key.viewer and key.video_ids]
        videos, users, liked = await self._fallback.likes(
            _union(key.video_ids for key in keys),
            _union(key.user_ids for key in keys),
            [ViewerIds(key.viewer, key.video_ids) for key in signed_in],
        )
        by_key = dict(zip(signed_in, liked, strict=True))
        return {key: LikeFacts(videos, by_key.get(key, frozenset()), users) for key in keys}

    async def _load_works(self, keys: Sequence[_CountKey]) -> Mapping[_CountKey, _Counts]:
        user_ids = _union(ids for (ids,) in keys)
        answer = await self._clients.videos.GetVideoCountSetByIdUserSetMethod(
            author_id_set=user_ids
        )
        counts = {each.id: each.count for each in answer.count_set}
        return dict.fromkeys(keys, counts)

    async def _load_comments(self, keys: Sequence[_CountKey]) -> Mapping[_CountKey, _Counts]:
        video_ids = _union(ids for (ids,) in keys)
        answer = await self._clients.comments.VideosCommentCountMethod(video_id_list=video_ids)
        return dict.fromkeys(keys, answer.comment_count_map)


def _result(loaded: Mapping[K, V] | BaseException, key: K, default: V) -> V:
    """Return the loaded value; `default` if the service failed."""
    if isinstance(loaded, Error):
        _warn(loaded)
        return default
    if isinstance(loaded, BaseException):
        raise loaded
    return loaded.get(key, default)


def _warn(error: Error) -> None:
    _log.warning("partial page: %s: %s: %s", error.peer, type(error).__name__, error.message)


def _union(ids: Iterable[Ids]) -> list[int]:
    return list(set().union(*ids))


def _grouped(
    load: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]],
) -> Callable[[list[K]], Awaitable[Mapping[K, V]]]:
    """Split the keys of `load` into groups that each fit into one call."""

    async def load_groups(keys: list[K]) -> Mapping[K, V]:
        loaded: dict[K, V] = {}
        for group in _groups(keys):
            loaded |= await load(group)
        return loaded

    return load_groups


def _groups(keys: list[K]) -> Iterator[list[K]]:
    group: list[K] = []
    free = MAX_IDS
    for key in keys:
        size = sum(len(ids) for ids in key if isinstance(ids, tuple))
        if group and size > free:
            yield group
            group, free = [], MAX_IDS
        group.append(key)
        free -= size
    yield group
