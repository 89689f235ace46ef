"""People."""

from collections.abc import Iterable
from typing import Any, Final

from msgspec import structs

from api.pack.known import Known
from api.pack.url import absolute
from idl import core, relation, relationmicro, usermicro

_NO_INFO: Final = usermicro.UserInfo(
    id=0,
    name="",
    avatar="",
    background_image="",
    signature="",
    follow_count=0,
    follower_count=0,
    total_favorited=0,
    work_count=0,
    favorite_count=0,
)
_NO_FOLLOWS: Final = relationmicro.FollowInfo(follow_count=0, follower_count=0, is_follow=False)
_NO_LIKES: Final = (0, 0)


def user(user_id: int, known: Known, base: str) -> core.User:
    """Return one person."""
    info = known.infos.get(user_id, _NO_INFO)
    follows = known.follows.infos.get(user_id, _NO_FOLLOWS)
    given, received = known.likes.people.get(user_id, _NO_LIKES)
    # What userservice does not answer, or does not have, is shown as a new account has it.
    return core.User(
        id=user_id,
        name=info.name,
        follow_count=follows.follow_count,
        follower_count=follows.follower_count,
        is_follow=user_id in known.follows.followed,
        avatar=absolute(base, info.avatar) or absolute(base, usermicro.DEFAULT_AVATAR),
        background_image=absolute(base, info.background_image)
        or absolute(base, usermicro.DEFAULT_BACKGROUND_IMAGE),
        signature=info.signature or usermicro.DEFAULT_SIGNATURE,
        total_favourited=str(received),
        total_favorited=received,
        work_count=known.works.get(user_id, 0),
        favorite_count=given,
    )


def users(user_ids: Iterable[int], known: Known, base: str) -> dict[int, core.User]:
    """Return people by id."""
    return {user_id: user(user_id, known, base) for user_id in user_ids}


def friend(listed: relationmicro.User, known: Known, base: str) -> relation.FriendUser:
    """Return a friend of relationservice's list, with the newest message."""
    shown: dict[str, Any] = structs.asdict(user(listed.id, known, base))
    return relation.FriendUser(**shown, message=listed.message or "", msgType=listed.msg_type or 0)
