"""Data from Redis and userservice to the contract's structs."""

from collections.abc import Iterable, Mapping, Sequence

from idl import relationmicro, usermicro
from relationmicro.dal.follow import FollowCounts
from relationmicro.dal.inbox import Conversation
from relationmicro.dal.message import MessageRow


def follow_info(counts: FollowCounts, *, is_follow: bool) -> relationmicro.FollowInfo:
    """Return the follow info of one user."""
    return relationmicro.FollowInfo(
        follow_count=counts.following, follower_count=counts.followers, is_follow=is_follow
    )


def follow_infos(
    counts: Mapping[int, FollowCounts], followed: frozenset[int]
) -> dict[int, relationmicro.FollowInfo]:
    """Return the follow infos of users by id."""
    return {user_id: follow_info(n, is_follow=user_id in followed) for user_id, n in counts.items()}


def bare_users(is_follow: Mapping[int, bool]) -> list[relationmicro.User]:
    """Return a list's users in the order of `is_follow`, without userservice's data."""
    return [
        relationmicro.User(id=user_id, name="", is_follow=followed)
        for user_id, followed in is_follow.items()
    ]


def users(
    is_follow: Mapping[int, bool],
    infos: Mapping[int, usermicro.UserInfo],
    counts: Mapping[int, FollowCounts],
) -> list[relationmicro.User]:
    """Return a list's users with all data; users that do not exist are omitted."""
    return [
        user(infos[user_id], counts[user_id], is_follow=followed)
        for user_id, followed in is_follow.items()
        if user_id in infos
    ]


def user(info: usermicro.UserInfo, counts: FollowCounts, *, is_follow: bool) -> relationmicro.User:
    """Return one user of a list."""
    return relationmicro.User(
        id=info.id,
        name=info.name,
        follow_count=counts.following,
        follower_count=counts.followers,
        is_follow=is_follow,
        avatar=info.avatar,
        background_image=info.background_image,
        signature=info.signature,
        total_favorited=info.total_favorited,
        work_count=info.work_count,
        favorite_count=info.favorite_count,
    )


def with_messages(
    friends: Sequence[relationmicro.User], newest: Mapping[int, MessageRow], owner_id: int
) -> list[relationmicro.User]:
    """Add to each friend the newest message exchanged with the list's owner.

    `msg_type` is 1 if the owner sent it, else 0.
    """
    for friend in friends:
        row = newest.get(friend.id)
        friend.message = row.content if row else ""
        friend.msg_type = int(row is not None and row.sender_id == owner_id)
    return list(friends)


def message(row: MessageRow) -> relationmicro.Message:
    """Return a message."""
    return relationmicro.Message(
        id=row.id,
        to_user_id=row.receiver_id,
        from_user_id=row.sender_id,
        content=row.content,
        create_time=str(row.time_ms),
        create_time_ms=row.time_ms,
    )


def messages(rows: Iterable[MessageRow]) -> list[relationmicro.Message]:
    """Return messages in the order of their rows."""
    return [message(row) for row in rows]


def conversations(found: Iterable[Conversation]) -> list[relationmicro.Conversation]:
    """Return conversations in their order."""
    return [
        relationmicro.Conversation(
            user_id=each.user_id, message=message(each.newest), unread=each.unread
        )
        for each in found
    ]
