"""Users."""

from collections.abc import Iterable
from typing import Any, Final

from msgspec import structs

from api.pack.facts import PageFacts
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


def user(user_id: int, facts: PageFacts, base: str) -> core.User:
    """Return one user."""
    info = facts.infos.get(user_id, _NO_INFO)
    follows = facts.follows.infos.get(user_id, _NO_FOLLOWS)
    given, received = facts.likes.users.get(user_id, _NO_LIKES)
    # A missing picture or signature is replaced by that of a new account.
    return core.User(
        id=user_id,
        name=info.name,
        follow_count=follows.follow_count,
        follower_count=follows.follower_count,
        is_follow=user_id in facts.follows.followed,
        avatar=absolute(base, info.avatar) or absolute(base, usermicro.DEFAULT_AVATAR),
        background_image=absolute(base, info.background_image)
        or absolute(base, usermicro.DEFAULT_BACKGROUND_IMAGE),
        signature=info.signature or usermicro.DEFAULT_SIGNATURE,
        total_favourited=str(received),
        total_favorited=received,
        work_count=facts.works.get(user_id, 0),
        favorite_count=given,
    )


def users(user_ids: Iterable[int], facts: PageFacts, base: str) -> dict[int, core.User]:
    """Return users by id."""
    return {user_id: user(user_id, facts, base) for user_id in user_ids}


def friend(stored: relationmicro.User, facts: PageFacts, base: str) -> relation.FriendUser:
    """Return an entry of relationservice's friend list, with the newest message."""
    fields: dict[str, Any] = structs.asdict(user(stored.id, facts, base))
    return relation.FriendUser(**fields, message=stored.message or "", msgType=stored.msg_type or 0)
