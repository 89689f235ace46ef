"""Database rows to the contract's structs."""

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo

from commentmicro.dal.comment import CommentRow
from idl import commentmicro, usermicro

Infos = Mapping[int, usermicro.UserInfo]


def user(user_id: int, infos: Infos | None) -> commentmicro.User:
    """Return the author of a comment; with `infos` None only the id.

    The counts are optional, but original callers read them without a check: they are omitted only
    if the caller requested ids.
    """
    if infos is None:
        return commentmicro.User(id=user_id, name="", is_follow=False)
    info = infos.get(user_id)
    return commentmicro.User(
        id=user_id,
        name=info.name if info else "",
        follow_count=info.follow_count if info else 0,
        follower_count=info.follower_count if info else 0,
        is_follow=False,
    )


def comment(row: CommentRow, infos: Infos | None, zone: tzinfo) -> commentmicro.Comment:
    """Return a comment; its date is in `zone`."""
    day = datetime.fromtimestamp(row.created_ms / 1e3, zone)
    return commentmicro.Comment(
        id=row.id,
        user=user(row.user_id, infos),
        content=row.content,
        create_date=f"{day.month:02}-{day.day:02}",
    )


def comments(
    rows: Iterable[CommentRow], infos: Infos | None, zone: tzinfo
) -> list[commentmicro.Comment]:
    """Return comments in the order of their rows."""
    return [comment(row, infos, zone) for row in rows]
