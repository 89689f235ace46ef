"""Queries that peewee builds once and that run often."""

from collections.abc import Callable
from typing import Any

from peewee import Node, Value


class Statement:
    """A query whose text is kept: `build` gets a placeholder for each of its arguments.

    A list argument (for IN) is padded to the next power of two by repeating its last element, so
    that few texts serve every length.
    """

    __slots__ = ("_build", "_texts")

    def __init__(self, build: Callable[..., Node]) -> None:
        self._build = build
        self._texts: dict[tuple[Any, ...], tuple[str, list[Any]]] = {}

    def __call__(self, **arguments: Any) -> "BoundStatement":
        """Return the statement with its arguments, ready to run."""
        return BoundStatement(self, arguments)

    def text(self, database: Any, arguments: dict[str, Any]) -> tuple[str, list[Any]]:
        """Return the SQL and its parameters for peewee's `database`.

        Raises:
            ValueError: a list is empty; it would match nothing.
        """
        padded = {name: _pad(value) for name, value in arguments.items()}
        shape = (
            type(database),
            *(len(value) if isinstance(value, list) else 0 for value in padded.values()),
        )
        if shape not in self._texts:
            slots = {name: _slots(name, value) for name, value in padded.items()}
            self._texts[shape] = database.get_sql_context().sql(self._build(**slots)).query()
        sql, parameters = self._texts[shape]
        return sql, [p.of(padded) if isinstance(p, _Slot) else p for p in parameters]


class BoundStatement:
    """A statement and its arguments."""

    __slots__ = ("arguments", "statement")

    def __init__(self, statement: Statement, arguments: dict[str, Any]) -> None:
        self.statement = statement
        self.arguments = arguments


class _Slot:
    """The place of one parameter."""

    __slots__ = ("index", "name")

    def __init__(self, name: str, index: int | None = None) -> None:
        self.name = name
        self.index = index

    def of(self, arguments: dict[str, Any]) -> Any:
        value = arguments[self.name]
        return value if self.index is None else value[self.index]


def _slots(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [Value(_Slot(name, i), converter=False) for i in range(len(value))]
    return Value(_Slot(name), converter=False)


def _pad(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    if not value:
        raise ValueError("an empty list matches nothing: do not ask")
    return value + value[-1:] * ((1 << (len(value) - 1).bit_length()) - len(value))
