"""Likes in Redis: their lists and counts."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from favoritemicro.dal import keys
from favoritemicro.dal.likes import likes
from microkit.batch import BatchLoader, parts
from microkit.paging import Page
from microkit.storage.redis import Lookup, Redis
from microkit.storage.sorted_set import read_page, read_pages

_COUNTED: Final = 1000  # videos or users of one script
_FORGOTTEN: Final = 200  # likes that one call of `forget` removes

# Of likers of each video.
_VIDEO_COUNTS = Lookup("video_counts", ("SCARD",))
# Of given and received of each user.
_USER_COUNTS = Lookup("user_counts", ("ZCARD",), ("GET",))


class LikeCounts(NamedTuple):
    """How many likes a user gave, and how many the user's videos received."""

    given: int
    received: int


class Favorites:
    """The likes in one Redis or in a cluster."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._likes = likes(redis)
        self._video_counts: BatchLoader[int, int] = BatchLoader(self._load_video_counts)
        self._user_counts: BatchLoader[int, LikeCounts] = BatchLoader(self._load_user_counts)

    async def like(self, user_id: int, video_id: int, author_id: int) -> bool:
        """Add a like; return whether it is new."""
        return await self._likes.like(user_id, video_id, author_id)

    async def unlike(self, user_id: int, video_id: int, author_id: int) -> bool:
        """Remove a like; return whether it existed."""
        return await self._likes.unlike(user_id, video_id, author_id)

    async def forget(self, video_id: int, author_id: int) -> tuple[int, bool]:
        """Remove likes of a deleted video; return how many, and whether more may be left."""
        members = await self._redis.execute("SRANDMEMBER", keys.likers(video_id), _FORGOTTEN)
        users = list(map(int, members))
        unliked = await asyncio.gather(*(self.unlike(each, video_id, author_id) for each in users))
        # A liker without a like is what a crash on a cluster leaves.
        stale = [user for user, removed in zip(users, unliked, strict=True) if not removed]
        await self._likes.repair([(user, video_id) for user in stale])
        return sum(unliked), len(users) == _FORGOTTEN

    async def complete(self) -> None:
        """Complete, until cancelled, the changes that a crash interrupted; for a cluster."""
        await self._likes.complete()

    async def author_of(self, video_id: int) -> int | None:
        """Return the author of a video, or None if the video was never liked."""
        stored = await self._redis.execute("HGET", keys.authors(keys.lane(video_id)), video_id)
        return int(stored) if stored else None

    async def given_by(self, user_id: int, cursor: int, count: int) -> Page[int]:
        """Return a page of the videos that a user likes, the newest like first."""
        return await read_page(self._redis, keys.given(user_id), cursor, count)

    async def pages(self, pages: Iterable[tuple[int, int, int]]) -> list[Page[int]]:
        """Return `given_by` of each (user id, cursor, count)."""
        lists = [(keys.given(user_id), cursor, count) for user_id, cursor, count in pages]
        return await read_pages(self._redis, lists)

    async def is_favorite(self, user_id: int | None, video_ids: Sequence[int]) -> dict[int, bool]:
        """Return for each video whether the user likes it."""
        liked = set(await self.liked(user_id or 0, video_ids))
        return {each: each in liked for each in video_ids}

    async def liked(self, user_id: int, video_ids: Sequence[int]) -> list[int]:
        """Return the videos of `video_ids` that the user likes; none for user 0 (anonymous)."""
        if not user_id or not video_ids:
            return []
        scores = await self._redis.execute("ZMSCORE", keys.given(user_id), *video_ids)
        return [each for each, score in zip(video_ids, scores, strict=True) if score is not None]

    async def video_counts(self, video_ids: Iterable[int]) -> dict[int, int]:
        """Return the like count of each of `video_ids`."""
        return await self._video_counts.many(video_ids)

    async def video_column(self, video_ids: list[int]) -> list[int]:
        """Return the like counts of `video_ids` in their order."""
        loaded = await asyncio.gather(*map(self._likers, parts(video_ids, _COUNTED)))
        return [count for part in loaded for count in part]

    async def user_columns(self, user_ids: list[int]) -> tuple[list[int], list[int]]:
        """Return how many likes each of `user_ids` gave, and how many each received."""
        flat: list[int] = []
        for counts in await asyncio.gather(*map(self._given_received, parts(user_ids, _COUNTED))):
            flat += counts
        return flat[::2], flat[1::2]

    async def user_counts(self, user_ids: Iterable[int]) -> dict[int, LikeCounts]:
        """Return the counts of each of `user_ids`."""
        return await self._user_counts.many(user_ids)

    async def _load_video_counts(self, video_ids: list[int]) -> dict[int, int]:
        return dict(zip(video_ids, await self._likers(video_ids), strict=True))

    async def _load_user_counts(self, user_ids: list[int]) -> dict[int, LikeCounts]:
        flat = await self._given_received(user_ids)
        return {each: LikeCounts(flat[2 * i], flat[2 * i + 1]) for i, each in enumerate(user_ids)}

    async def _likers(self, video_ids: list[int]) -> list[int]:
        """Return how many like each video."""
        return await self._redis.look_up(_VIDEO_COUNTS, [keys.likers(each) for each in video_ids])

    async def _given_received(self, user_ids: list[int]) -> list[int]:
        """Return the likes that each user gave and received, alternating."""
        lookup_keys = [key for each in user_ids for key in (keys.given(each), keys.received(each))]
        return [int(count or 0) for count in await self._redis.look_up(_USER_COUNTS, lookup_keys)]
