"""Comments."""

from collections.abc import Sequence

from api.pack.facts import PageFacts
from api.pack.splice import packed
from idl import commentmicro, core, interaction


def comments(
    stored: Sequence[commentmicro.Comment], facts: PageFacts, base: str
) -> list[interaction.Comment]:
    """Return comments in the order of `stored`."""
    users = facts.users(base, [each.user.id for each in stored])
    return [
        _comment(each, packed(core.User, user)) for each, user in zip(stored, users, strict=True)
    ]


def _comment(stored: commentmicro.Comment, user: core.User) -> interaction.Comment:
    return interaction.Comment(
        id=stored.id, user=user, content=stored.content, create_date=stored.create_date
    )
