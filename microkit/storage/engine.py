"""The interface of an SQL engine: SQLite and MySQL implement it."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol, TypeVar

import peewee

T = TypeVar("T")

Rows = list[tuple[Any, ...]]

DRIVER_ERRORS: Final = (peewee.PeeweeException, sqlite3.Error, OSError)
"""What an engine raises if a statement fails."""


class Result(NamedTuple):
    """The result of a statement.

    Attributes:
        rows: the rows it returned.
        rowcount: the number of rows it matched.
        lastrowid: the id of the row it inserted, else 0.
    """

    rows: Rows
    rowcount: int
    lastrowid: int


Text = tuple[str, Sequence[Any]]
"""A statement as SQL, and its parameters."""

Execute = Callable[[str, Sequence[Any]], Result]
"""Runs one statement of a transaction."""


class Engine(Protocol):
    """Connections to one database; `dialect` writes its SQL.

    Driver errors are raised as peewee's.
    """

    name: str
    dialect: peewee.Database

    async def rows(self, sql: str, parameters: Sequence[Any]) -> Rows:
        """Run a reading statement."""

    async def transaction(self, work: Callable[[Execute], T]) -> T:
        """Run `work` in a transaction and return its result after the commit."""

    async def migrate(self, work: Callable[[peewee.Database], list[str]]) -> list[str]:
        """Run `work`, which changes the schema, under a lock against other processes."""

    async def open(self) -> None:
        """Open the connections that `rows` and `transaction` need."""

    async def close(self) -> None:
        """Finish running transactions and close every connection."""
