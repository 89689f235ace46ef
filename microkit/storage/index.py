"""Index hints."""

from typing import Any

from peewee import Context, Model, Node


class Indexed(Node):
    """A table in FROM that is read by one index: SQLite's INDEXED BY, MySQL's FORCE INDEX.

    For ``WHERE deleted = 0 AND time < ? ORDER BY time DESC LIMIT ?`` MySQL and MariaDB may use the
    index on (deleted, time) by `deleted` alone (`ref`), and walk from the newest row to the page.
    With the hint they start at the page (`range`).
    """

    def __init__(self, model: type[Model], index: str) -> None:
        self._model = model
        self._index = index

    def __sql__(self, ctx: Context) -> Any:
        """Write the table and the hint in the dialect of `ctx`."""
        is_mysql = ctx.state.param == "%s"
        hint = " FORCE INDEX (`{}`)" if is_mysql else ' INDEXED BY "{}"'
        ctx.sql(self._model)  # type: ignore[no-untyped-call]
        return ctx.literal(hint.format(self._index))
