"""Writes of the index of names."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from microkit.storage.database import Statement, Transaction
from microkit.terms import terms
from usermicro.dal.model import Term

_ROWS: Final = 400  # of one statement

_REMOVE = Statement(
    lambda names, user: Term.delete().where(Term.term.in_(names), Term.user_id == user)
)


def index_name(transaction: Transaction, user_id: int, name: str) -> None:
    """Index a new account."""
    index_names(transaction, [(user_id, name)])


def rename(transaction: Transaction, user_id: int, old: str, new: str) -> None:
    """Index an account by its new name only."""
    gone = [each.encode() for each in terms(old)]
    if gone:
        transaction.write(_REMOVE(names=gone, user=user_id))
    index_name(transaction, user_id, new)


def index_names(transaction: Transaction, accounts: Iterable[tuple[int, str]]) -> None:
    """Index accounts (id, name); those that are indexed stay."""
    pending = ((term, user_id) for user_id, name in accounts for term in terms(name))
    while part := list(islice(pending, _ROWS)):
        rows = [{"term": term, "user_id": user_id} for term, user_id in part]
        transaction.write(Term.insert_many(rows).on_conflict_ignore())
