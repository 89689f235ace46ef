"""Index hints."""

from typing import Any

from peewee import Context, Model, Node


class Indexed(Node):
    """A table in FROM that is read by one index: SQLite's INDEXED BY, MySQL's FORCE INDEX.

    Without the name of an index it is read by its primary key, which is an integer. For
    ``WHERE deleted = 0 AND id IN (…)`` with five ids or more, SQLite would use an index that begins
    with `deleted` and read every row that is not deleted: it does not know how many there are.

    For ``WHERE deleted = 0 AND time < ? ORDER BY time DESC LIMIT ?`` MySQL and MariaDB may use the
    index on (deleted, time) by `deleted` alone (`ref`), and walk from the newest row to the page.
    With the hint they start at the page (`range`).
    """

    def __init__(self, model: type[Model], index: str = "") -> None:
        self._model = model
        self._index = index

    def __sql__(self, ctx: Context) -> Any:
        """Write the table and the hint in the dialect of `ctx`."""
        is_mysql = ctx.state.param == "%s"
        if is_mysql:
            hint = f" FORCE INDEX (`{self._index or 'PRIMARY'}`)"
        else:
            hint = f' INDEXED BY "{self._index}"' if self._index else " NOT INDEXED"
        ctx.sql(self._model)  # type: ignore[no-untyped-call]
        return ctx.literal(hint)
