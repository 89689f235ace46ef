"""The index of names."""

from collections.abc import Sequence
from typing import Final

from microkit.errors import ParamError
from microkit.paging import NEWEST, Page
from microkit.postings import Finder, Posting
from microkit.storage.database import Database, Statement, Transaction
from microkit.terms import Query
from usermicro.dal.index import index_names
from usermicro.dal.model import Indexing, Term, User
from usermicro.dal.user import UserRow, Users

_CHUNK: Final = 50  # accounts of one transaction

_POSTINGS = Statement(
    lambda name, before, limit: (
        Term.select(Term.user_id)
        .where(Term.term == name, Term.user_id < before)
        .order_by(Term.user_id.desc())
        .limit(limit)
    )
)
_PRESENT = Statement(
    lambda names, ids: Term.select(Term.term, Term.user_id).where(
        Term.term.in_(names), Term.user_id.in_(ids)
    )
)
_DONE = Statement(lambda: Indexing.select(Indexing.done_id).where(Indexing.id == 1))
_HOLD = Statement(lambda: Indexing.update(done_id=Indexing.done_id).where(Indexing.id == 1))
_PROGRESS = Statement(lambda since: Indexing.update(done_id=since).where(Indexing.id == 1))
_UNINDEXED = Statement(
    lambda after, limit: (
        User.select(User.id, User.name).where(User.id > after).order_by(User.id).limit(limit)
    )
)


class Names:
    """The index of one database."""

    def __init__(self, database: Database, users: Users) -> None:
        self._database = database
        self._users = users

    async def search(self, words: str, before: int, count: int) -> Page[int]:
        """Return people with ids below `before` whose names have all words, newest first.

        The first page begins with the person of exactly this name.

        Raises:
            ParamError: there are no letters and digits to look for.
        """
        query = Query(words)
        if not query.terms:
            raise ParamError("请输入要搜索的文字")
        exact = await self._users.by_name(words)

        async def load(ids: Sequence[int]) -> list[UserRow]:
            rows = await self._users.by_ids(ids)
            found = [rows[each] for each in ids if each in rows and rows[each] != exact]
            return [row for row in found if query.matches(row.name) and not row.hidden]

        page = await Finder(self, load, lambda row: row.id).page(query.terms, before, count)
        first = [exact.id] if exact and not exact.hidden and before == NEWEST else []
        return Page([*first, *(row.id for row in page.items)], page.next_cursor)

    async def postings(self, term: str, before: int, limit: int) -> list[Posting]:
        """Return up to `limit` people with a term and ids below `before`, newest first."""
        query = _POSTINGS(name=term.encode(), before=before, limit=limit)
        return [Posting(row[0], row[0]) for row in await self._database.rows(query)]

    async def present(self, terms: Sequence[str], keys: Sequence[int]) -> set[tuple[str, int]]:
        """Return the pairs of `terms` and `keys` (ids) that the index has."""
        query = _PRESENT(names=[each.encode() for each in terms], ids=list(keys))
        return {(bytes(term).decode(), key) for term, key in await self._database.rows(query)}

    async def fill(self) -> bool:
        """Index the next accounts that are not known to be; return whether there may be more.

        Names are indexed with their account; this is for accounts of earlier versions. A chunk and
        how far it goes are one transaction, so that it can end at any time.
        """
        ((done_id,),) = await self._database.rows(_DONE())
        if not await self._database.rows(_UNINDEXED(after=done_id, limit=1)):
            return False
        return await self._database.transaction(_fill)


def _fill(transaction: Transaction) -> bool:
    transaction.write(_HOLD())
    ((done_id,),) = transaction.rows(_DONE())
    rows = transaction.rows(_UNINDEXED(after=done_id, limit=_CHUNK))
    index_names(transaction, rows)
    if rows:
        transaction.write(_PROGRESS(since=rows[-1][0]))
    return len(rows) == _CHUNK
