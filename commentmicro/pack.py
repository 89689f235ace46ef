"""Database rows to the contract's structs."""

import functools
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Final

from commentmicro.dal.comment import CommentRow
from idl import commentmicro, usermicro

_QUARTER_MS: Final = 900_000
_KEPT_DAYS: Final = 4096

Infos = Mapping[int, usermicro.UserInfo]


@functools.lru_cache(_KEPT_DAYS)
def _day(quarter: int, zone: tzinfo) -> str:
    """Return the day of a quarter of an hour since 1970: zones differ by whole quarters."""
    day = datetime.fromtimestamp(quarter * _QUARTER_MS / 1e3, zone)
    return f"{day.month:02}-{day.day:02}"


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
    return commentmicro.Comment(
        id=row.id,
        user=user(row.user_id, infos),
        content=row.content,
        create_date=_day(row.created_ms // _QUARTER_MS, zone),
    )


def comments(
    rows: Iterable[CommentRow], infos: Infos | None, zone: tzinfo
) -> list[commentmicro.Comment]:
    """Return comments in the order of their rows."""
    return [comment(row, infos, zone) for row in rows]
