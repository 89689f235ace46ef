"""Loads the data of a page's users and videos from the five services.

Concurrent pages share one call per service: it carries the union of their ids, and each viewer with
the ids on that viewer's page. A shared call costs little more than one for a single page.
"""

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from api.clients import Clients
from api.fallback import Fallback, FollowFacts, LikeFacts, ViewerIds
from api.pack.facts import Facts, PageFacts
from api.pack.user import Account
from microkit.batch import MAX_IDS, BatchLoader
from microkit.cache import CachedLoader
from microkit.errors import Error

_log = logging.getLogger(__name__)
T = TypeVar("T")

_ACCOUNT_CACHE_SIZE: Final = 20_000
# What is cached is at most this old, and userservice's rows 0.3 s more. A request that changes an
# account is answered when both have passed, so that nobody sees an older state than its author
# (`SETTLE_SECONDS` in api/middleware.py). Reading costs nothing for it.
_ACCOUNT_CACHE_SECONDS: Final = 1.5
_NONE: Final = frozenset[int]()


@dataclass(frozen=True, slots=True, eq=False)
class _Page:
    """The users and videos on a page, and its viewer (0: anonymous).

    `followed`, `liked`: the viewer is known to follow all users, to like all videos.
    """

    viewer: int
    user_ids: Sequence[int]
    video_ids: Sequence[int]
    followed: bool
    liked: bool
    needs_users: bool


class FactLoader:
    """Calls each service once per page. A failed service leaves its data empty: a partial page."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._fallback = Fallback(clients)
        self._accounts: CachedLoader[int, Account] = CachedLoader(
            self._load_accounts, _ACCOUNT_CACHE_SIZE, _ACCOUNT_CACHE_SECONDS
        )
        # Two loaders: a page of people does not wait for the services of videos.
        self._people: BatchLoader[_Page, PageFacts | Error] = BatchLoader(self._load_pages)
        self._videos: BatchLoader[_Page, PageFacts | Error] = BatchLoader(self._load_pages)

    async def load(
        self,
        viewer: int,
        user_ids: Sequence[int],
        video_ids: Sequence[int] = (),
        *,
        followed: bool = False,
        liked: bool = False,
        needs_users: bool = False,
    ) -> PageFacts:
        """Return the data of distinct users and videos for a viewer (0: anonymous).

        `followed`, `liked`: the viewer is known to follow all users, to like all videos, because
        the page is one of the viewer's own list.

        Raises:
            Error: userservice failed, and `needs_users` is set.
        """
        page = _Page(viewer, user_ids, video_ids, followed, liked, needs_users)
        loader = self._videos if video_ids else self._people
        facts = (await loader.join((page,)))[page]
        if isinstance(facts, Error):
            raise facts
        return facts

    async def _load_pages(self, pages: list[_Page]) -> Mapping[_Page, PageFacts | Error]:
        loaded: dict[_Page, PageFacts | Error] = {}
        for group in _groups(pages):
            loaded |= await self._load(group)
        return loaded

    async def _load(self, pages: list[_Page]) -> Mapping[_Page, PageFacts | Error]:
        user_ids = _union(page.user_ids for page in pages)
        video_ids = _union(page.video_ids for page in pages)
        signed_in = [page for page in pages if page.viewer]
        followers = [page for page in signed_in if not page.followed]
        likers = [page for page in signed_in if page.video_ids and not page.liked]
        accounts, follows, likes, works, comments = await asyncio.gather(
            self._accounts.many(user_ids),
            self._fallback.follows(
                user_ids, [ViewerIds(each.viewer, each.user_ids) for each in followers]
            ),
            self._fallback.likes(
                video_ids, user_ids, [ViewerIds(each.viewer, each.video_ids) for each in likers]
            ),
            self._load_works(user_ids),
            self._load_comments(video_ids),
            return_exceptions=True,
        )
        follows = _result(follows, FollowFacts.none(len(user_ids), len(followers)))
        likes = _result(likes, LikeFacts.none(len(video_ids), len(user_ids), len(likers)))
        works = _result(works, [0] * len(user_ids))
        columns = follows.following, follows.followers, likes.given, likes.received, works
        known = _result(accounts, {})
        shared = Facts(
            user_ids,
            known,
            list(zip(*columns, strict=True)),
            dict(zip(video_ids, likes.videos, strict=True)),
            _result(comments, {}),
            frozenset(each.id for each in known.values() if each.hidden),
        )
        followed = dict(zip(followers, follows.followed, strict=True))
        apart = dict(zip(followers, follows.apart, strict=True))
        liked = dict(zip(likers, likes.liked, strict=True))
        failed = accounts if isinstance(accounts, Error) else None

        def facts(page: _Page) -> PageFacts | Error:
            if failed and page.needs_users:
                return failed
            return PageFacts(
                shared,
                frozenset(page.user_ids) if page.followed else followed.get(page, _NONE),
                apart.get(page, _NONE),
                frozenset(page.video_ids) if page.liked else liked.get(page, _NONE),
            )

        return {page: facts(page) for page in pages}

    async def _load_accounts(self, user_ids: list[int]) -> Mapping[int, Account]:
        answer = await self._clients.users.GetUserSetByIdSetMethod(id_set=user_ids)
        return {info.id: Account.of(info) for info in answer.user_set or ()}

    async def _load_works(self, user_ids: list[int]) -> Sequence[int]:
        answer = await self._clients.videos.GetVideoCountSetByIdUserSetMethod(
            author_id_set=user_ids, columns=True
        )
        if answer.counts is not None:
            return answer.counts
        counts = {each.id: each.count for each in answer.count_set}
        return [counts.get(each, 0) for each in user_ids]

    async def _load_comments(self, video_ids: list[int]) -> Mapping[int, int]:
        if not video_ids:
            return {}
        answer = await self._clients.comments.VideosCommentCountMethod(video_id_list=video_ids)
        return answer.comment_count_map


def _result(loaded: T | BaseException, default: T) -> T:
    """Return the loaded value; `default` if the service failed."""
    if isinstance(loaded, Error):
        _log.warning("partial page: %s: %s: %s", loaded.peer, type(loaded).__name__, loaded.message)
        return default
    if isinstance(loaded, BaseException):
        raise loaded
    return loaded


def _union(ids: Iterable[Sequence[int]]) -> list[int]:
    return list(set().union(*ids))


def _groups(pages: list[_Page]) -> Iterator[list[_Page]]:
    """Split pages into groups that each fit into one call."""
    group: list[_Page] = []
    free = MAX_IDS
    for page in pages:
        size = len(page.user_ids) + len(page.video_ids)
        if group and size > free:
            yield group
            group, free = [], MAX_IDS
        group.append(page)
        free -= size
    yield group
