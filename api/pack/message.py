"""Messages."""

from collections.abc import Iterable
from typing import Any

from api.contract import relation


def messages(stored: Iterable[Any]) -> list[Any]:
    """Return messages in their order."""
    return [
        relation.Message(
            id=each.id,
            to_user_id=each.to_user_id,
            from_user_id=each.from_user_id,
            content=each.content,
            create_time=each.create_time_ms or _ms(each.create_time),
        )
        for each in stored
    ]


def received(listed: Iterable[Any], user_id: int, after_ms: int) -> list[Any]:
    """Return what the user received after a time."""
    return [m for m in listed if m.to_user_id == user_id and m.create_time > after_ms]


def _ms(text: str | None) -> int:
    """Read the original contract's time, which is a text; 0 for one that is none."""
    return int(text) if text and text.isdecimal() else 0
