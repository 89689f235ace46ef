"""Users and videos with all their fields, for the handlers."""

from collections.abc import Collection, Sequence

from api.facts import FactLoader
from api.pack.user import friend, user, users
from api.pack.video import video
from idl import core, relation, relationmicro, videomicro
from microkit.errors import NotFound


class Aggregate:
    """Assembles users and videos. `base` is the prefix of object URLs."""

    def __init__(self, facts: FactLoader) -> None:
        self._facts = facts

    async def full_user(self, viewer: int, user_id: int, base: str) -> core.User:
        """Return one user.

        Raises:
            NotFound: there is no such user.
            Unavailable: userservice does not answer.
        """
        facts = await self._facts.load(viewer, [user_id], needs_users=True)
        if user_id not in facts.infos:
            raise NotFound("用户不存在")
        return user(user_id, facts, base)

    async def full_users(
        self, viewer: int, user_ids: Collection[int], base: str
    ) -> dict[int, core.User]:
        """Return users by id, in the order of `user_ids`."""
        return users(user_ids, await self._facts.load(viewer, user_ids), base)

    async def full_friends(
        self, viewer: int, friends: Sequence[relationmicro.User], base: str
    ) -> list[relation.FriendUser]:
        """Return relationservice's friends in their order."""
        facts = await self._facts.load(viewer, [each.id for each in friends])
        return [friend(each, facts, base) for each in friends]

    async def full_videos(
        self, viewer: int, rows: Sequence[videomicro.Video], base: str
    ) -> list[core.Video]:
        """Return videoservice's videos in their order."""
        authors = dict.fromkeys(row.author_id for row in rows)
        facts = await self._facts.load(viewer, authors, [row.id for row in rows])
        users_by_id = users(authors, facts, base)
        return [video(row, users_by_id[row.author_id], facts, base) for row in rows]
