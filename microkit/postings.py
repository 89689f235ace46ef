"""Pages of what has several terms, newest first, from an index of (term, key).

The newest keys of the rarest term are read in chunks, and those without the other terms are left
out. A page reads a bounded number of chunks; where matches are rare it may be short, even empty,
and the rest follows with its cursor.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

from microkit.paging import END, Page

_CHUNK: Final = 128
_CHUNKS: Final = 4  # of a page
T = TypeVar("T")


class Posting(NamedTuple):
    """What has a term: the key that sorts it, and its id."""

    key: int
    id: int


class Index(Protocol):
    """An index of terms."""

    async def postings(self, term: str, before: int, limit: int) -> list[Posting]:
        """Return up to `limit` postings of a term with keys below `before`, in falling order."""

    async def present(self, terms: Sequence[str], keys: Sequence[int]) -> set[tuple[str, int]]:
        """Return the pairs of `terms` and `keys` that the index has."""


class Finder(Generic[T]):
    """Finds what has all terms of a query.

    Args:
        index: the terms.
        load: takes ids and returns those found that match, in the order of the ids.
        key: returns the key of what `load` returned.
    """

    def __init__(
        self,
        index: Index,
        load: Callable[[Sequence[int]], Awaitable[list[T]]],
        key: Callable[[T], int],
    ) -> None:
        self._index = index
        self._load = load
        self._key = key

    async def page(self, terms: Sequence[str], before: int, count: int) -> Page[T]:
        """Return up to `count` matches with keys below `before`, newest first."""
        found: list[T] = []
        term, others, size = terms[0], terms[1:], _CHUNK if terms[1:] else count + 1
        chunk = await self._index.postings(term, before, size)
        if others:
            term, chunk = await self._rarest(terms, chunk, before)
            others = [each for each in terms if each != term]
        for step in range(_CHUNKS):
            if step:
                chunk = await self._index.postings(term, before, size)
            found += await self._load(await self._with_all(chunk, others))
            before = chunk[-1].key if len(chunk) == size else END
            if before == END or len(found) >= count:
                break
        if len(found) > count or (len(found) == count and before != END):
            return Page(found[:count], self._key(found[count - 1]))
        return Page(found, before)

    async def _rarest(
        self, terms: Sequence[str], first: list[Posting], before: int
    ) -> tuple[str, list[Posting]]:
        """Return the term whose chunk goes back the furthest, and this chunk."""
        reads = (self._index.postings(each, before, _CHUNK) for each in terms[1:])
        chunks = [first, *await asyncio.gather(*reads)]
        reach = [each[-1].key if len(each) == _CHUNK else -1 for each in chunks]
        at = min(range(len(terms)), key=lambda each: (reach[each], len(chunks[each])))
        return terms[at], chunks[at]

    async def _with_all(self, chunk: list[Posting], others: Sequence[str]) -> list[int]:
        if not others or not chunk:
            return [each.id for each in chunk]
        present = await self._index.present(others, [each.key for each in chunk])
        return [each.id for each in chunk if all((other, each.key) in present for other in others)]
