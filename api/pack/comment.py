"""Comments."""

from collections.abc import Sequence
from typing import NamedTuple

from api.pack.facts import PageFacts
from api.pack.splice import packed
from idl import commentmicro, core, interaction
from microkit.paging import END


class CommentPage(NamedTuple):
    """A page of comments as columns.

    Attributes:
        ids: of the comments.
        author_ids: of their authors.
        contents: their texts.
        dates: "mm-dd".
        next_cursor: of the page that follows; `END`: there is none.
        complete: whether it has everybody's comments.
    """

    ids: Sequence[int]
    author_ids: Sequence[int]
    contents: Sequence[str]
    dates: Sequence[str]
    next_cursor: int
    complete: bool

    @classmethod
    def of(
        cls, *stored: commentmicro.Comment, next_cursor: int = END, complete: bool = True
    ) -> "CommentPage":
        """Return the page of commentservice's structs."""
        return cls(
            [each.id for each in stored],
            [each.user.id for each in stored],
            [each.content for each in stored],
            [each.create_date for each in stored],
            next_cursor,
            complete,
        )


def comments(page: CommentPage, facts: PageFacts, base: str) -> list[interaction.Comment]:
    """Return comments in their order, without those of users of whom the viewer sees nothing."""
    authors = facts.users(base, page.author_ids)
    found = list(map(_comment, page.ids, authors, page.contents, page.dates))
    if unseen := facts.unseen:
        pairs = zip(page.author_ids, found, strict=True)
        return [comment for author, comment in pairs if author not in unseen]
    return found


def _comment(number: int, author: bytes, content: str, date: str) -> interaction.Comment:
    return interaction.Comment(
        id=number, user=packed(core.User, author), content=content, create_date=date
    )
