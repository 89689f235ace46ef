"""Database rows to the contract's structs."""

from collections.abc import Iterable

from idl import usermicro
from usermicro.dal.report import ReportRow
from usermicro.dal.user import UserRow


def user_info(row: UserRow) -> usermicro.UserInfo:
    """Return a user as UserInfo.

    `email` is always set: callers written for the original service read it without a check.
    """
    return usermicro.UserInfo(
        id=row.id,
        name=row.name,
        email=row.email or "",
        follow_count=row.follow_count,
        follower_count=row.follower_count,
        avatar=row.avatar,
        background_image=row.background_image,
        signature=row.signature,
        total_favorited=row.total_favorited,
        work_count=row.work_count,
        favorite_count=row.favorite_count,
        hidden=True if row.hidden else None,
    )


def reports(rows: Iterable[ReportRow]) -> list[usermicro.Report]:
    """Return reports in their order."""
    return [usermicro.Report(**row._asdict()) for row in rows]


def user_infos(rows: Iterable[UserRow]) -> list[usermicro.UserInfo]:
    """Return users as UserInfo."""
    return [user_info(row) for row in rows]
