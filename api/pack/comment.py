"""Comments."""

from collections.abc import Iterable, Mapping

from idl import commentmicro, core, interaction


def comment(stored: commentmicro.Comment, user: core.User) -> interaction.Comment:
    """Return one comment, written by `user`."""
    return interaction.Comment(
        id=stored.id, user=user, content=stored.content, create_date=stored.create_date
    )


def comments(
    stored: Iterable[commentmicro.Comment], users: Mapping[int, core.User]
) -> list[interaction.Comment]:
    """Return comments in the order of `stored`."""
    return [comment(each, users[each.user.id]) for each in stored]
