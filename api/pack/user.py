"""People."""

from collections.abc import Iterable
from typing import TypedDict

from api.pack.known import Known
from api.pack.url import absolute
from idl import core, relation, relationmicro, usermicro

_NO_FOLLOWS = relationmicro.FollowInfo(follow_count=0, follower_count=0, is_follow=False)


class _Fields(TypedDict):
    """The fields that a User and a FriendUser share: Thrift has no inheritance."""

    id: int
    name: str
    follow_count: int
    follower_count: int
    is_follow: bool
    avatar: str
    background_image: str
    signature: str
    total_favourited: str
    total_favorited: int
    work_count: int
    favorite_count: int


def user(user_id: int, known: Known, base: str) -> core.User:
    """Return one person."""
    return core.User(**_fields(user_id, known, base))


def users(user_ids: Iterable[int], known: Known, base: str) -> dict[int, core.User]:
    """Return people by id."""
    return {user_id: user(user_id, known, base) for user_id in user_ids}


def friend(listed: relationmicro.User, known: Known, base: str) -> relation.FriendUser:
    """Return a friend of relationservice's list, with the newest message."""
    return relation.FriendUser(
        **_fields(listed.id, known, base),
        message=listed.message or "",
        msgType=listed.msg_type or 0,
    )


def _fields(user_id: int, known: Known, base: str) -> _Fields:
    info = known.infos.get(user_id)
    follows = known.follows.infos.get(user_id, _NO_FOLLOWS)
    given, received = known.likes.people.get(user_id) or (0, 0)
    # What userservice does not answer, or does not have, is shown as a new account has it.
    avatar = absolute(base, info.avatar) if info else ""
    background = absolute(base, info.background_image) if info else ""
    return {
        "id": user_id,
        "name": info.name if info else "",
        "follow_count": follows.follow_count,
        "follower_count": follows.follower_count,
        "is_follow": user_id in known.follows.followed,
        "avatar": avatar or absolute(base, usermicro.DEFAULT_AVATAR),
        "background_image": background or absolute(base, usermicro.DEFAULT_BACKGROUND_IMAGE),
        "signature": (info and info.signature) or usermicro.DEFAULT_SIGNATURE,
        "total_favourited": str(received),
        "total_favorited": received,
        "work_count": known.works.get(user_id, 0),
        "favorite_count": given,
    }
