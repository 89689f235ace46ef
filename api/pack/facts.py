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
    """

    user_ids: Sequence[int]
    accounts: Mapping[int, Account]
    counts: Sequence[Counts]
    likes: Mapping[int, int]
    comments: Mapping[int, int]
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
        liked: the page's videos that the viewer likes.
    """

    shared: Facts
    followed: frozenset[int]
    liked: frozenset[int]

    def users(self, base: str, user_ids: Sequence[int]) -> list[bytes]:
        """Return the JSON of users, in the order of `user_ids`."""
        users, followed = self.shared.users(base), self.followed
        return [users[each][each in followed] for each in user_ids]
