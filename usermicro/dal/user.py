"""Queries of users."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from microkit.cache import CachedLoader
from microkit.clock import now_ms
from microkit.errors import AlreadyExists, NotFound
from microkit.storage.database import (
    Database,
    IntegrityError,
    Rows,
    Statement,
    Transaction,
)
from microkit.storage.index import Indexed
from microkit.text import normal
from usermicro.dal.index import index_name, rename
from usermicro.dal.model import User

_CACHE_SIZE: Final = 10_000
# Other replicas have an older row for this time at most; the API counts on it (api/facts.py).
_CACHE_SECONDS: Final = 0.3
_ENDED: Final = 1000


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
    hidden: bool | None


_COLUMNS = [getattr(User, name) for name in UserRow._fields]
_BY_IDS = Statement(lambda ids: User.select(*_COLUMNS).where(User.id.in_(ids)))
_BY_NAMES = Statement(
    lambda names: User.select(User.name_key, *_COLUMNS).where(User.name_key.in_(names))
)
_LOGIN = Statement(
    lambda names: User.select(
        User.name_key, User.id, User.password_hash, User.session_generation, User.hidden
    ).where(User.name_key.in_(names))
)
_PASSWORD = Statement(lambda user_id: User.select(User.password_hash).where(User.id == user_id))
_PICTURES = Statement(
    lambda user_id: User.select(User.avatar, User.background_image, User.name).where(
        User.id == user_id
    )
)
_GENERATION = Statement(
    lambda user_id: User.select(User.session_generation).where(User.id == user_id)
)
_ENDED_SINCE = Statement(
    lambda after, limit: (
        User.select(User.sessions_ended_ms, User.id, User.session_generation)
        .from_(Indexed(User, "user_sessions_ended_ms"))
        .where(User.sessions_ended_ms >= after)
        .order_by(User.sessions_ended_ms)
        .limit(limit)
    )
)
_AFTER = Statement(
    lambda after, limit: (
        User.select(*_COLUMNS).where(User.id > after).order_by(User.id).limit(limit)
    )
)


class Users:
    """The accounts of one database. Rows are cached for a moment."""

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

            def insert(transaction: Transaction) -> int:
                user_id = int(transaction.write(User.insert(row)).lastrowid)
                index_name(transaction, user_id, name)
                return user_id

            return await self._database.transaction(insert)
        except IntegrityError as error:
            raise AlreadyExists("用户名已存在") from error

    async def by_ids(self, ids: Iterable[int]) -> dict[int, UserRow]:
        """Return the existing users of `ids` by id."""
        return await self._rows.many(ids)

    async def by_name(self, name: str) -> UserRow | None:
        """Return the user of this name or None; see `_named`."""
        found = await self._named(_BY_NAMES, name)
        return UserRow(*found) if found else None

    async def password_of(self, name: str) -> tuple[int, str, int, bool] | None:
        """Return id, password hash, generation and `hidden` of a user by name; see `_named`."""
        found = await self._named(_LOGIN, name)
        return (found[0], found[1], found[2], bool(found[3])) if found else None

    async def password_hash(self, user_id: int) -> str | None:
        """Return the password hash of a user, None if there is none."""
        rows = await self._database.rows(_PASSWORD(user_id=user_id))
        return str(rows[0][0]) if rows else None

    async def edit(self, user_id: int, columns: Mapping[str, str]) -> list[str]:
        """Update columns of a user; return the keys of the pictures that were replaced.

        Raises:
            AlreadyExists: the name is taken.
            NotFound: there is no such user.
        """
        if "name" in columns:
            columns = {**columns, "name_key": columns["name"]}

        def change(transaction: Transaction) -> Rows:
            before = transaction.rows(_PICTURES(user_id=user_id))
            if before:
                transaction.write(User.update(columns).where(User.id == user_id))
                if "name" in columns:
                    rename(transaction, user_id, before[0][2], columns["name"])
            return before

        try:
            before = await self._database.transaction(change)
        except IntegrityError as error:
            raise AlreadyExists("用户名已存在") from error
        finally:
            self._rows.discard(user_id)
        if not before:
            raise NotFound("用户不存在")
        pairs = zip(("avatar", "background_image"), before[0], strict=False)
        return [old for name, old in pairs if columns.get(name, old) != old]

    async def end_sessions(self, user_id: int, columns: Mapping[str, str]) -> int:
        """Update columns of a user and end all sessions; return the generation of new ones.

        Raises:
            NotFound: there is no such user.
        """
        changes = {
            **columns,
            "session_generation": User.session_generation + 1,
            "sessions_ended_ms": now_ms(),
        }
        update = User.update(changes).where(User.id == user_id)

        def change(transaction: Transaction) -> Rows:
            transaction.write(update)
            return transaction.rows(_GENERATION(user_id=user_id))

        generations = await self._database.transaction(change)
        if not generations:
            raise NotFound("用户不存在")
        return int(generations[0][0])

    async def ended_since(self, since_ms: int) -> list[tuple[int, int, int]]:
        """Return time (ms), id and generation of up to 1,000 users with ended sessions."""
        rows = await self._database.rows(_ENDED_SINCE(after=since_ms, limit=_ENDED))
        return [(row[0], row[1], row[2]) for row in rows]

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

    async def set_hidden(self, user_id: int, *, hidden: bool) -> None:
        """Hide a user that exists, or show it again."""
        await self._database.write(User.update(hidden=hidden).where(User.id == user_id))
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
