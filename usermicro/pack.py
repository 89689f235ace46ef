"""Rows to the contract's structs."""

from collections.abc import Iterable
from typing import Any

from usermicro.contract import contract
from usermicro.dal.user import Row


def user_info(row: Row) -> Any:
    """Return a user as UserInfo.

    `email` is always set: callers written for the original service read it without a check.
    """
    return contract.UserInfo(**row._asdict() | {"email": row.email or ""})


def user_infos(rows: Iterable[Row]) -> list[Any]:
    """Return users as UserInfo."""
    return [user_info(row) for row in rows]
