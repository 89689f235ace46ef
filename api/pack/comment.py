"""Comments."""

from collections.abc import Iterable, Mapping
from typing import Any

from api.contract import interaction


def comment(stored: Any, user: Any) -> Any:
    """Return one comment of commentservice's, by `user`."""
    return interaction.Comment(
        id=stored.id, user=user, content=stored.content, create_date=stored.create_date
    )


def comments(stored: Iterable[Any], users: Mapping[int, Any]) -> list[Any]:
    """Return comments in their order."""
    return [comment(each, users[each.user.id]) for each in stored]
