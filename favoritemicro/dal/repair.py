"""Recomputes the keys derived from `given`, the sets that users' likes are stored in."""

from collections.abc import AsyncIterator

from favoritemicro.dal import keys
from favoritemicro.dal.likes import Likes, likes
from microkit.storage.redis import Redis


async def repair(redis: Redis) -> AsyncIterator[str]:
    """Compare both sides of every like and every author's count; yield a line per repair."""
    changes = likes(redis)
    for users in await redis.existing(list(map(keys.users, range(keys.LANES)))):
        async for members in redis.scan("SSCAN", users):
            for member in members:
                async for line in _likes_of_user(redis, changes, int(member)):
                    yield line
    authors: set[int] = set()
    for videos in await redis.existing(list(map(keys.authors, range(keys.LANES)))):
        async for line in _likes_of_lane(redis, changes, videos, authors):
            yield line
    for each in sorted(authors):
        stored, correct = await changes.repair_received(each)
        if stored != correct:
            yield f"user {each}: likes received {stored} → {correct}"


async def _likes_of_lane(
    redis: Redis, changes: Likes, lane: str, authors: set[int]
) -> AsyncIterator[str]:
    """Repair the likes of a lane's videos, by their authors' key; add these to `authors`."""
    async for flat in redis.scan("HSCAN", lane):
        videos = list(zip(map(int, flat[::2]), map(int, flat[1::2]), strict=True))
        authors.update(author for _, author in videos)
        for video, _ in videos:
            async for line in _likes_of_video(redis, changes, video):
                yield line
        await changes.count(videos)


async def _likes_of_user(redis: Redis, changes: Likes, user: int) -> AsyncIterator[str]:
    async for flat in redis.scan("ZSCAN", keys.given(user)):
        for line in await _likers(changes, [(user, int(video)) for video in flat[::2]]):
            yield line


async def _likes_of_video(redis: Redis, changes: Likes, video: int) -> AsyncIterator[str]:
    async for users in redis.scan("SSCAN", keys.likers(video)):
        for line in await _likers(changes, [(int(user), video) for user in users]):
            yield line


async def _likers(changes: Likes, edges: list[tuple[int, int]]) -> list[str]:
    return [
        f"video {video}: liker {user} {'added' if change > 0 else 'removed'}"
        for (user, video), change in zip(edges, await changes.repair(edges), strict=True)
        if change
    ]
