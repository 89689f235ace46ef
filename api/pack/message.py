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
            create_time=each.create_time_ms or int(each.create_time or 0),
        )
        for each in stored
    ]
