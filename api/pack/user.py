"""Users."""

import functools
from typing import Final, NamedTuple

from api.pack.splice import HOLE, encode, pieces
from api.pack.url import absolute
from api.portrait import key_of
from idl import core, relationmicro, usermicro

_KEPT: Final = 5_000

Counts = tuple[int, int, int, int, int]
"""A user's counts: followed users, followers, likes given, likes received, videos."""
PackedUser = tuple[bytes, bytes]
"""A user's JSON for a viewer who does not follow the user, and for one who does."""


class Account(NamedTuple):
    """What userservice knows about a user."""

    id: int
    name: str = ""
    avatar: str = ""
    background_image: str = ""
    signature: str = ""
    hidden: bool = False

    @classmethod
    def of(cls, info: usermicro.UserInfo) -> "Account":
        """Return the account of a struct; its counts are copies that may be old."""
        pictures = info.avatar, info.background_image
        return cls(info.id, info.name, *pictures, info.signature, bool(info.hidden))


@functools.lru_cache(_KEPT)
def packed_user(base: str, account: Account, counts: Counts) -> PackedUser:
    """Return a user's JSON.

    The same users appear on many pages. A kept result is never stale, because everything that it
    shows is an argument.
    """
    following, followers, given, received, works = counts
    # A missing picture is replaced by the drawn one, other things by those of a new account.
    user = core.User(
        id=account.id,
        name=account.name,
        follow_count=following,
        follower_count=followers,
        is_follow=HOLE,
        avatar=absolute(base, _avatar(account)) or absolute(base, key_of(account.id)),
        background_image=absolute(base, account.background_image)
        or absolute(base, usermicro.DEFAULT_BACKGROUND_IMAGE),
        signature=account.signature or usermicro.DEFAULT_SIGNATURE,
        total_favourited=str(received),
        total_favorited=received,
        work_count=works,
        favorite_count=given,
    )
    head, tail = pieces(user)
    return head + b"false" + tail, head + b"true" + tail


def _avatar(account: Account) -> str:
    """Return the key of the uploaded picture, or of the drawn one."""
    uploaded = account.avatar != usermicro.DEFAULT_AVATAR
    return account.avatar if uploaded else key_of(account.id)


def friend(user: bytes, stored: relationmicro.User) -> bytes:
    """Return the JSON of a friend: a user and the newest message of relationservice's `stored`.

    A FriendUser has the fields of a User and then those of the message.
    """
    message = encode({"message": stored.message or "", "msgType": stored.msg_type or 0})
    return user[:-1] + b"," + message[1:]
