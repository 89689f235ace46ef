"""What Redis and userservice know to the contract's structs."""

from collections.abc import Iterable, Mapping, Sequence

from idl import relationmicro, usermicro
from relationmicro.dal.follow import Counts, Listed
from relationmicro.dal.message import MessageRow


def follow_info(counts: Counts, *, is_follow: bool) -> relationmicro.FollowInfo:
    """Return the follow info of one user."""
    return relationmicro.FollowInfo(
        follow_count=counts.following, follower_count=counts.followers, is_follow=is_follow
    )


def follow_infos(
    counts: Mapping[int, Counts], is_follow: Mapping[int, bool]
) -> dict[int, relationmicro.FollowInfo]:
    """Return the follow infos of many users by id."""
    return {each: follow_info(n, is_follow=is_follow[each]) for each, n in counts.items()}


def bare_users(listed: Iterable[Listed]) -> list[relationmicro.User]:
    """Return a list's users without what userservice knows."""
    return [relationmicro.User(id=each.id, name="", is_follow=each.is_follow) for each in listed]


def users(
    listed: Iterable[Listed],
    infos: Mapping[int, usermicro.UserInfo],
    counts: Mapping[int, Counts],
) -> list[relationmicro.User]:
    """Return a list's users with all that is known; who does not exist is left out."""
    return [
        relationmicro.User(
            id=each.id,
            name=infos[each.id].name,
            follow_count=counts[each.id].following,
            follower_count=counts[each.id].followers,
            is_follow=each.is_follow,
            avatar=infos[each.id].avatar,
            background_image=infos[each.id].background_image,
            signature=infos[each.id].signature,
            total_favorited=infos[each.id].total_favorited,
            work_count=infos[each.id].work_count,
            favorite_count=infos[each.id].favorite_count,
        )
        for each in listed
        if each.id in infos
    ]


def with_messages(
    friends: Sequence[relationmicro.User], newest: Mapping[int, MessageRow], owner_id: int
) -> list[relationmicro.User]:
    """Give each friend the newest message between them and the list's owner."""
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
