"""Queries that peewee builds once and that run many times."""

from collections.abc import Callable
from typing import Any

from peewee import Node, Value


class Statement:
    """A query with cached SQL; `build` is called with a placeholder for each argument.

    A list argument (for IN) is padded to the next power of two by repeating its last element, so
    that a few texts serve all lengths.
    """

    __slots__ = ("_build", "_texts")

    def __init__(self, build: Callable[..., Node]) -> None:
        self._build = build
        self._texts: dict[tuple[Any, ...], tuple[str, list[Any]]] = {}

    def __call__(self, **arguments: Any) -> "BoundStatement":
        """Bind arguments to the statement."""
        return BoundStatement(self, arguments)

    def text(self, database: Any, arguments: dict[str, Any]) -> tuple[str, list[Any]]:
        """Return the SQL and its parameters for peewee's `database`.

        Raises:
            ValueError: a list argument is empty.
        """
        padded = {name: _pad(value) for name, value in arguments.items()}
        shape = (
            type(database),
            *(len(value) if isinstance(value, list) else 0 for value in padded.values()),
        )
        if shape not in self._texts:
            placeholders = {name: _placeholder(name, value) for name, value in padded.items()}
            query = self._build(**placeholders)
            self._texts[shape] = database.get_sql_context().sql(query).query()
        sql, parameters = self._texts[shape]
        return sql, [p.of(padded) if isinstance(p, _Parameter) else p for p in parameters]


class BoundStatement:
    """A statement and its arguments."""

    __slots__ = ("arguments", "statement")

    def __init__(self, statement: Statement, arguments: dict[str, Any]) -> None:
        self.statement = statement
        self.arguments = arguments


class _Parameter:
    """The position of one parameter among the arguments."""

    __slots__ = ("index", "name")

    def __init__(self, name: str, index: int | None = None) -> None:
        self.name = name
        self.index = index

    def of(self, arguments: dict[str, Any]) -> Any:
        value = arguments[self.name]
        return value if self.index is None else value[self.index]


def _placeholder(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [Value(_Parameter(name, i), converter=False) for i in range(len(value))]
    return Value(_Parameter(name), converter=False)


def _pad(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    if not value:
        raise ValueError("an empty list matches no row: skip the query")
    return value + value[-1:] * ((1 << (len(value) - 1).bit_length()) - len(value))
