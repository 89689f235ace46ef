"""Users and videos with all their fields, for the handlers: JSON that is copied into responses."""

from collections.abc import Sequence

from api.facts import FactLoader
from api.pack.comment import CommentPage, comments
from api.pack.message import conversations
from api.pack.splice import array, packed
from api.pack.user import friend
from api.pack.video import VideoRow, videos
from idl import core, interaction, relation, relationmicro
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
        if user_id not in facts.shared.accounts:
            raise NotFound("用户不存在")
        (user,) = facts.users(base, [user_id])
        return packed(core.User, user)

    async def full_users(
        self, viewer: int, user_ids: Sequence[int], base: str, *, followed: bool = False
    ) -> list[core.User]:
        """Return users in the order of `user_ids`; `followed`: the viewer follows all of them."""
        if not user_ids:
            return []
        facts = await self._facts.load(viewer, user_ids, followed=followed)
        return array(core.User, facts.users(base, user_ids))

    async def full_friends(
        self, viewer: int, friends: Sequence[relationmicro.User], base: str, *, followed: bool
    ) -> list[relation.FriendUser]:
        """Return relationservice's friends in their order; `followed`: the viewer's own."""
        if not friends:
            return []
        user_ids = [each.id for each in friends]
        facts = await self._facts.load(viewer, user_ids, followed=followed)
        return array(relation.FriendUser, map(friend, facts.users(base, user_ids), friends))

    async def full_conversations(
        self, viewer: int, stored: Sequence[relationmicro.Conversation], base: str
    ) -> list[relation.Conversation]:
        """Return relationservice's conversations in their order."""
        if not stored:
            return []
        user_ids = [each.user_id for each in stored]
        facts = await self._facts.load(viewer, user_ids)
        return conversations(stored, facts.users(base, user_ids))

    async def full_comments(
        self, viewer: int, page: CommentPage, base: str
    ) -> list[interaction.Comment]:
        """Return a page of commentservice's comments."""
        if not page.ids:
            return []
        facts = await self._facts.load(viewer, list(set(page.author_ids)))
        return comments(page, facts, base)

    async def full_videos(
        self, viewer: int, rows: Sequence[VideoRow], base: str, *, liked: bool = False
    ) -> list[core.Video]:
        """Return videoservice's videos in their order; `liked`: the viewer likes all of them."""
        if not rows:
            return []
        authors = list({row.author_id for row in rows})
        facts = await self._facts.load(viewer, authors, [row.id for row in rows], liked=liked)
        return array(core.Video, videos(rows, facts, base))
