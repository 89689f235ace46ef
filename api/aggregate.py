"""What several handlers show: people and videos with everything that is known of them."""

from collections.abc import Collection, Sequence

from api.facts import Facts
from api.pack.user import friend, user, users
from api.pack.video import video
from idl import core, relation, relationmicro, videomicro
from microkit.errors import NotFound


class Aggregate:
    """Pages of people and of videos. `base` is what object URLs begin with."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    async def full_user(self, viewer: int, user_id: int, base: str) -> core.User:
        """Return one person.

        Raises:
            NotFound: there is no such person.
            Unavailable: userservice does not answer.
        """
        known = await self._facts.known(viewer, [user_id], needs_users=True)
        if user_id not in known.infos:
            raise NotFound("用户不存在")
        return user(user_id, known, base)

    async def full_users(
        self, viewer: int, user_ids: Collection[int], base: str
    ) -> dict[int, core.User]:
        """Return people by id, in the order of `user_ids`."""
        return users(user_ids, await self._facts.known(viewer, user_ids), base)

    async def full_friends(
        self, viewer: int, listed: Sequence[relationmicro.User], base: str
    ) -> list[relation.FriendUser]:
        """Return relationservice's friends in their order."""
        known = await self._facts.known(viewer, [each.id for each in listed])
        return [friend(each, known, base) for each in listed]

    async def full_videos(
        self, viewer: int, rows: Sequence[videomicro.Video], base: str
    ) -> list[core.Video]:
        """Return videoservice's videos in their order."""
        authors = dict.fromkeys(row.author_id for row in rows)
        known = await self._facts.known(viewer, authors, [row.id for row in rows])
        people = users(authors, known, base)
        return [video(row, people[row.author_id], known, base) for row in rows]
