"""The data of a page's users and videos, as loaded from the services."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import NamedTuple

from api.pack.user import Account, Counts, PackedUser, packed_user


@dataclass(frozen=True, slots=True)
class Facts:
    """The data of the users and videos of all pages that were loaded together.

    It is the same for every viewer. Data of a service that failed is empty, and counts as zero.

    Attributes:
        user_ids: the users.
        accounts: what userservice knows about them, by id.
        counts: their counts, in the order of `user_ids`.
        likes: of each video, by id.
        comments: of each video, by id.
        hidden: the users that an operator has hidden.
    """

    user_ids: Sequence[int]
    accounts: Mapping[int, Account]
    counts: Sequence[Counts]
    likes: Mapping[int, int]
    comments: Mapping[int, int]
    hidden: frozenset[int] = frozenset()
    _users: dict[str, dict[int, PackedUser]] = field(default_factory=dict)

    def users(self, base: str) -> Mapping[int, PackedUser]:
        """Return the users' JSON by id; `base` is the prefix of object URLs."""
        users = self._users.get(base)
        if users is None:
            accounts = [self.accounts.get(each) or Account(each) for each in self.user_ids]
            packed = map(packed_user, repeat(base), accounts, self.counts)
            users = self._users[base] = dict(zip(self.user_ids, packed, strict=True))
        return users


class PageFacts(NamedTuple):
    """The data of one page.

    Attributes:
        shared: what is the same for every viewer; other pages' users and videos may be in it.
        followed: the page's users that the viewer follows.
        apart: those who block the viewer or whom the viewer blocks.
        liked: the page's videos that the viewer likes.
    """

    shared: Facts
    followed: frozenset[int]
    apart: frozenset[int]
    liked: frozenset[int]

    @property
    def unseen(self) -> frozenset[int]:
        """The users of whom the viewer sees nothing in lists; almost always none."""
        hidden = self.shared.hidden
        return self.apart | hidden if hidden else self.apart

    def seen(self, user_ids: Sequence[int]) -> Sequence[int]:
        """Return `user_ids` without the users of whom the viewer sees nothing."""
        unseen = self.unseen
        return [each for each in user_ids if each not in unseen] if unseen else user_ids

    def users(self, base: str, user_ids: Sequence[int]) -> list[bytes]:
        """Return the JSON of users, in the order of `user_ids`."""
        users, followed = self.shared.users(base), self.followed
        return [users[each][each in followed] for each in user_ids]
