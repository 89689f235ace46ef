"""Rows to the contract's structs."""

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any

from commentmicro.contract import contract
from commentmicro.dal.comment import Row


def comment(row: Row, names: Mapping[int, str], zone: tzinfo) -> Any:
    """Return a comment; its day is the one that it was in `zone`."""
    user = contract.User(id=row.user_id, name=names.get(row.user_id, ""), is_follow=False)
    day = datetime.fromtimestamp(row.created_ms / 1e3, zone)
    return contract.Comment(
        id=row.id, user=user, content=row.content, create_date=f"{day.month:02}-{day.day:02}"
    )


def comments(rows: Iterable[Row], names: Mapping[int, str], zone: tzinfo) -> list[Any]:
    """Return comments in the order of their rows."""
    return [comment(row, names, zone) for row in rows]
