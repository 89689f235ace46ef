"""Changes of likes, and what is derived from them."""

from collections.abc import Sequence
from typing import Protocol

from favoritemicro.dal.atomic import AtomicLikes
from favoritemicro.dal.mirrored import MirroredLikes
from microkit.storage.redis import Redis


class Likes(Protocol):
    """Changes likes on one Redis or on a cluster."""

    async def like(self, user_id: int, video_id: int, author_id: int) -> bool:
        """Add a like; return whether it is new."""

    async def unlike(self, user_id: int, video_id: int, author_id: int) -> bool:
        """Remove a like; return whether it existed."""

    async def repair(self, likes: Sequence[tuple[int, int]]) -> list[int]:
        """Repair `likers` from `given` for likes (user, video).

        Returns for each like +1 (a liker was added), -1 (removed) or 0.
        """

    async def count(self, videos: Sequence[tuple[int, int]]) -> None:
        """Have each of `videos` (video, author) counted among those of its author."""

    async def repair_received(self, author: int) -> tuple[int, int]:
        """Repair the likes that an author received; return the stored and the correct count."""

    async def complete(self) -> None:
        """Complete, until cancelled, the changes that a crash interrupted."""


def likes(redis: Redis) -> Likes:
    """Return the changes of likes for one Redis or a cluster."""
    return MirroredLikes(redis) if redis.is_cluster else AtomicLikes(redis)
