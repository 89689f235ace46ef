"""People."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from api.contract import core, relation, relationmicro
from api.pack.url import absolute

# What a new user gets, and what is shown while userservice does not answer or has none.
AVATAR, BACKGROUND = "default/avatar.png", "default/background.png"
SIGNATURE = "这个人很懒，什么都没有留下"
_NO_FOLLOWS = relationmicro.FollowInfo(follow_count=0, follower_count=0, is_follow=False)


class Known(NamedTuple):
    """What the services know of people, by user id; what is missing counts as zero."""

    infos: Mapping[int, Any]
    follows: Mapping[int, Any]
    followed: Mapping[int, bool]
    likes: Mapping[int, list[int]]
    works: Mapping[int, int]


def user(user_id: int, known: Known, base: str) -> Any:
    """Return one person."""
    return core.User(**_fields(user_id, known, base))


def users(user_ids: Iterable[int], known: Known, base: str) -> dict[int, Any]:
    """Return people by id."""
    return {user_id: user(user_id, known, base) for user_id in user_ids}


def friend(listed: Any, known: Known, base: str) -> Any:
    """Return a friend of relationservice's list, with the newest message."""
    return relation.FriendUser(
        **_fields(listed.id, known, base),
        message=listed.message or "",
        msgType=listed.msg_type or 0,
    )


def _fields(user_id: int, known: Known, base: str) -> dict[str, Any]:
    info = known.infos.get(user_id)
    follows = known.follows.get(user_id, _NO_FOLLOWS)
    given, received = known.likes.get(user_id) or (0, 0)
    return {
        "id": user_id,
        "name": info.name if info else "",
        "follow_count": follows.follow_count,
        "follower_count": follows.follower_count,
        "is_follow": known.followed.get(user_id, False),
        "avatar": absolute(base, (info and info.avatar) or AVATAR),
        "background_image": absolute(base, (info and info.background_image) or BACKGROUND),
        "signature": (info and info.signature) or SIGNATURE,
        "total_favourited": str(received),
        "total_favorited": received,
        "work_count": known.works.get(user_id, 0),
        "favorite_count": given,
    }
