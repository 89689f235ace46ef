"""Users and videos with all their fields, for the handlers: JSON that is copied into responses."""

from collections.abc import Sequence

from api.facts import FactLoader
from api.pack.comment import CommentPage, comments
from api.pack.facts import PageFacts
from api.pack.message import conversations
from api.pack.splice import array, packed
from api.pack.user import friend
from api.pack.video import VideoItem, videos
from idl import core, interaction, relation, relationmicro
from microkit.errors import Forbidden, NotFound


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
        if user_id not in facts.shared.accounts or user_id in facts.shared.hidden:
            raise NotFound("用户不存在")
        (user,) = facts.users(base, [user_id])
        return packed(core.User, user)

    async def full_users(
        self, viewer: int, user_ids: Sequence[int], base: str, *, followed: bool = False
    ) -> list[core.User]:
        """Return users in the order of `user_ids`; `followed`: the viewer follows all of them.

        Those of whom the viewer sees nothing are left out.
        """
        if not user_ids:
            return []
        facts = await self._facts.load(viewer, user_ids, followed=followed)
        return array(core.User, facts.users(base, facts.seen(user_ids)))

    async def full_friends(
        self, viewer: int, friends: Sequence[relationmicro.User], base: str, *, followed: bool
    ) -> list[relation.FriendUser]:
        """Return relationservice's friends in their order; `followed`: the viewer's own."""
        if not friends:
            return []
        facts = await self._facts.load(viewer, [each.id for each in friends], followed=followed)
        unseen = facts.unseen
        shown = [each for each in friends if each.id not in unseen]
        users = facts.users(base, [each.id for each in shown])
        return array(relation.FriendUser, map(friend, users, shown))

    async def commenter(self, viewer: int, author: int | None) -> PageFacts:
        """Return the facts of a viewer who comments on an author's video (None: unknown).

        Raises:
            Forbidden: one of the two blocks the other.
        """
        facts = await self._facts.load(viewer, list({viewer, author or viewer}))
        if author in facts.apart:
            raise Forbidden("你们之间有拉黑，不能评论")
        return facts

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

    async def full_video(self, viewer: int, row: VideoItem, base: str) -> core.Video:
        """Return one video.

        Raises:
            NotFound: the viewer sees nothing of its author.
        """
        facts = await self._facts.load(viewer, [row.author_id], [row.id])
        for video in videos([row], facts, base):
            return packed(core.Video, video)
        raise NotFound("视频不存在")

    async def full_videos(
        self, viewer: int, rows: Sequence[VideoItem], base: str, *, liked: bool = False
    ) -> list[core.Video]:
        """Return videoservice's videos in their order; `liked`: the viewer likes all of them."""
        if not rows:
            return []
        authors = list({row.author_id for row in rows})
        facts = await self._facts.load(viewer, authors, [row.id for row in rows], liked=liked)
        return array(core.Video, videos(rows, facts, base))
