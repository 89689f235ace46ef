"""Database rows to the contract's structs."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Final

from commentmicro.dal.comment import CommentRow, Row
from idl import commentmicro, usermicro
from microkit.paging import Page

_QUARTER_MS: Final = 900_000
_KEPT_DAYS: Final = 4096

Infos = Mapping[int, usermicro.UserInfo]


@functools.lru_cache(_KEPT_DAYS)
def _day(quarter: int, zone: tzinfo) -> str:
    """Return the day of a quarter of an hour since 1970: zones differ by whole quarters."""
    day = datetime.fromtimestamp(quarter * _QUARTER_MS / 1e3, zone)
    return f"{day.month:02}-{day.day:02}"


def _date(created_ms: int, zone: tzinfo) -> str:
    return _day(created_ms // _QUARTER_MS, zone)


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
        create_date=_date(row.created_ms, zone),
    )


def comments(
    rows: Iterable[CommentRow], infos: Infos | None, zone: tzinfo
) -> list[commentmicro.Comment]:
    """Return comments in the order of their rows."""
    return [comment(row, infos, zone) for row in rows]


def pages(found: Sequence[Page[Row]], zone: tzinfo) -> commentmicro.CommentPagesResp:
    """Return pages as columns."""
    rows = [row for page in found for row in page.items]
    ids, _, user_ids, contents, times = zip(*rows, strict=True) if rows else ((),) * 5
    return commentmicro.CommentPagesResp.ok(
        sizes=[len(page.items) for page in found],
        next_cursors=[page.next_cursor for page in found],
        ids=list(ids),
        user_ids=list(user_ids),
        contents=list(contents),
        create_dates=[_date(each, zone) for each in times],
    )
