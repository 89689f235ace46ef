"""Queries of users."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from microkit.cache import CachedLoader
from microkit.errors import AlreadyExists, NotFound
from microkit.storage.database import Database, IntegrityError, Statement
from microkit.text import normal
from usermicro.dal.model import User

_CACHE_SIZE: Final = 10_000
_CACHE_SECONDS: Final = 2.0


class UserRow(NamedTuple):
    """A user without the password hash."""

    id: int
    name: str
    email: str | None
    avatar: str
    background_image: str
    signature: str
    follow_count: int
    follower_count: int
    total_favorited: int
    work_count: int
    favorite_count: int


_COLUMNS = [getattr(User, name) for name in UserRow._fields]
_BY_IDS = Statement(lambda ids: User.select(*_COLUMNS).where(User.id.in_(ids)))
_BY_NAMES = Statement(
    lambda names: User.select(User.name_key, *_COLUMNS).where(User.name_key.in_(names))
)
_LOGIN = Statement(
    lambda names: User.select(User.name_key, User.id, User.password_hash).where(
        User.name_key.in_(names)
    )
)
_AFTER = Statement(
    lambda after, limit: (
        User.select(*_COLUMNS).where(User.id > after).order_by(User.id).limit(limit)
    )
)


class Users:
    """The accounts of one database. Rows are cached for up to two seconds."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows: CachedLoader[int, UserRow] = CachedLoader(
            self._load, _CACHE_SIZE, _CACHE_SECONDS
        )

    async def create(self, name: str, **columns: str | None) -> int:
        """Insert an account and return its id; `name` is in its normal form.

        Raises:
            AlreadyExists: the name is taken.
        """
        try:
            row = {"name": name, "name_key": name, **columns}
            return int((await self._database.write(User.insert(row))).lastrowid)
        except IntegrityError as error:
            raise AlreadyExists("用户名已存在") from error

    async def by_ids(self, ids: Iterable[int]) -> dict[int, UserRow]:
        """Return the existing users of `ids` by id."""
        return await self._rows.many(ids)

    async def by_name(self, name: str) -> UserRow | None:
        """Return the user of this name or None; see `_named`."""
        found = await self._named(_BY_NAMES, name)
        return UserRow(*found) if found else None

    async def password_of(self, name: str) -> tuple[int, str] | None:
        """Return id and password hash of the user of this name or None; see `_named`."""
        found = await self._named(_LOGIN, name)
        return (found[0], found[1]) if found else None

    async def page(self, after: int, limit: int) -> list[UserRow]:
        """Return up to `limit` users with ids above `after`, by id."""
        return [
            UserRow(*row) for row in await self._database.rows(_AFTER(after=after, limit=limit))
        ]

    async def update(self, user_id: int, columns: Mapping[str, Any]) -> None:
        """Update columns of a user.

        Raises:
            NotFound: there is no such user.
        """
        if not columns:
            if await self._rows.one(user_id) is None:
                raise NotFound("用户不存在")
            return
        written = await self._database.write(User.update(columns).where(User.id == user_id))
        if not written.rowcount:
            raise NotFound("用户不存在")
        self._rows.discard(user_id)

    async def _named(self, statement: Statement, name: str) -> Sequence[Any] | None:
        """Return the columns after `name_key` of the user with this name, or None.

        Accounts older than the normal form may share it: an exact match takes precedence.
        """
        keys = list(dict.fromkeys((name.encode(), normal(name).encode())))
        rows = {bytes(row[0]): row[1:] for row in await self._database.rows(statement(names=keys))}
        return next((rows[key] for key in keys if key in rows), None)

    async def _load(self, ids: list[int]) -> dict[int, UserRow]:
        rows = await self._database.rows(_BY_IDS(ids=ids))
        return {row[0]: UserRow(*row) for row in rows}
