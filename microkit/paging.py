"""Pages of a list, newest first.

A list's items have a unique sort key that grows with time. The cursor of a page is the key of its
last item: the next page has the items with smaller keys. So a page costs the same at any depth, and
items that are added or removed in between make no other item appear twice or not at all.
"""

import sys
from collections.abc import Callable
from typing import Final, Generic, NamedTuple, TypeVar

from microkit.errors import ParamError

T = TypeVar("T")

MAX_ITEMS: Final = 300
"""Items of a page. With all fields at their bounds a page of people has 2 MiB."""
NEWEST: Final = sys.maxsize
"""The cursor of the first page: larger than every key, and SQL's largest BIGINT."""
MAX_PAGES: Final = 8
"""Pages of one call: that many of the largest fit into a message."""
END: Final = 0
"""The next cursor of the last page."""


class Page(NamedTuple, Generic[T]):
    """A part of a list, and the cursor of the part that follows (`END`: there is none)."""

    items: list[T]
    next_cursor: int


def check_number(pages: int) -> None:
    """Check that one call has at most `MAX_PAGES` pages.

    Raises:
        ParamError: it has more.
    """
    if pages > MAX_PAGES:
        raise ParamError(f"一次最多查询 {MAX_PAGES} 页")


def cut(rows: list[T], count: int, key: Callable[[T], int]) -> Page[T]:
    """Return the page of up to `count` of `rows`, which are read with one more than `count`."""
    if len(rows) <= count:
        return Page(rows, END)
    return Page(rows[:count], key(rows[count - 1]))
