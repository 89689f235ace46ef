"""What an SQL engine does for a `Database`: SQLite and MySQL are two of them."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import peewee

T = TypeVar("T")

Rows = list[tuple[Any, ...]]


class Result(NamedTuple):
    """What a statement gave: its rows, how many rows matched it, the id of the row it inserted."""

    rows: Rows
    rowcount: int
    lastrowid: int


Execute = Callable[[str, Sequence[Any]], Result]
"""Runs one statement of a transaction."""


class Engine(Protocol):
    """Connections to one database; `dialect` writes its SQL.

    Driver errors are raised as peewee's.
    """

    name: str
    dialect: peewee.Database

    async def rows(self, sql: str, parameters: Sequence[Any]) -> Rows:
        """Run a statement that reads."""

    async def transaction(self, work: Callable[[Execute], T]) -> T:
        """Run `work` as one step and return its result once it is on the disk."""

    async def migrate(self, work: Callable[[peewee.Database], list[str]]) -> list[str]:
        """Run `work`, which changes the schema, while no other process does."""

    async def open(self) -> None:
        """Open the connections that `rows` and `transaction` need."""

    async def close(self) -> None:
        """Finish what is under way and close every connection."""
