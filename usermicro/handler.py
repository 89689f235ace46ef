"""The methods of UserService."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from argon2 import PasswordHasher

from microkit.batch import distinct
from microkit.context import Context
from microkit.errors import NotFound, ParamError, Unauthorized
from microkit.rpc.status import ok
from usermicro import pack
from usermicro.contract import contract
from usermicro.dal.user import Users
from usermicro.password import HASHER, Passwords, open_passwords
from usermicro.settings import Settings

DEFAULTS: Final = {
    "avatar": "default/avatar.png",
    "background_image": "default/background.png",
    "signature": "这个人很懒，什么都没有留下",
}
_LONGEST: Final = {"email": 254, "avatar": 512, "background_image": 512, "signature": 512}


@asynccontextmanager
async def open_handlers(
    context: Context[Settings], hasher: PasswordHasher = HASHER
) -> AsyncIterator[Mapping[str, object]]:
    """Open what the service needs and give its handlers by Thrift service."""
    database = await context.database()
    async with open_passwords(context.settings.argon2_threads, hasher) as passwords:
        yield {"UserService": UserHandler(Users(database), passwords)}


class UserHandler:
    """Accounts, logins and the cached counts."""

    def __init__(self, users: Users, passwords: Passwords) -> None:
        self._users = users
        self._passwords = passwords

    async def CreateUserMethod(self, request: Any) -> Any:
        """Create an account; the database decides whether the name is free."""
        new = request.newuser
        given = {name: getattr(new, name) for name in _LONGEST if getattr(new, name)}
        name = _within(new.name, "用户名")
        password_hash = await self._passwords.hash(_within(request.password, "密码"))
        user_id = await self._users.create(
            name, password_hash=password_hash, **DEFAULTS | _checked(given)
        )
        return ok(contract.CreateUserResp, user_id=user_id)

    async def LoginUserMethod(self, request: Any) -> Any:
        """Check a password; an unknown name takes as long and gets the same answer."""
        known = await self._users.password_of(request.name)
        user_id, password_hash = known or (None, None)
        if not await self._passwords.verify(password_hash, request.password):
            raise Unauthorized("用户名或密码错误")
        return ok(contract.LoginUserResp, user_id=user_id)

    async def GetUserMethod(self, request: Any) -> Any:
        """Return a user by id, or by name where no id is given."""
        if request.id is not None:
            row = (await self._users.by_ids([request.id])).get(request.id)
        elif request.name is not None:
            row = await self._users.by_name(request.name)
        else:
            raise ParamError("需要用户编号或用户名")
        if row is None:
            raise NotFound("用户不存在")
        return ok(contract.GetUserResp, user=pack.user_info(row))

    async def GetUserSetByIdSetMethod(self, request: Any) -> Any:
        """Return who exists of the ids asked for."""
        rows = await self._users.by_ids(distinct(request.id_set or ()))
        return ok(contract.GetUserSetByIdSetResp, user_set=pack.user_infos(rows.values()))

    async def UpdateUserMethod(self, request: Any) -> Any:
        """Set the fields that are given."""
        columns = {k: v for k, v in msgspec.structs.asdict(request.update_data).items() if v}
        password = columns.pop("password", None)
        _checked(columns)
        if password is not None:
            columns["password_hash"] = await self._passwords.hash(_within(password, "密码"))
        await self._users.update(request.id, columns)
        return ok(contract.UpdateUserResp)

    async def UpdateRelationMethod(self, request: Any) -> Any:
        """Set the cached counts of follows."""
        await self._update_counts(request)
        return ok(contract.UpdateRelationCacheResp)

    async def UpdateInteractionMethod(self, request: Any) -> Any:
        """Set the cached counts of likes."""
        await self._update_counts(request)
        return ok(contract.UpdateInteractionCacheResp)

    async def UpdateWorkMethod(self, request: Any) -> Any:
        """Set the cached count of videos."""
        await self._update_counts(request)
        return ok(contract.UpdateWorkCacheResp)

    async def _update_counts(self, request: Any) -> None:
        counts = msgspec.structs.asdict(request.new_data)
        if min(counts.values()) < 0:
            raise ParamError("计数不能为负")
        await self._users.update(request.id, counts)


def _within(text: str, what: str) -> str:
    if not 1 <= len(text) <= 32:
        raise ParamError(f"{what}应为 1 到 32 个字符")
    return text


def _checked(columns: dict[str, str]) -> dict[str, str]:
    for name, longest in _LONGEST.items():
        if len(columns.get(name) or "") > longest:
            raise ParamError(f"{name} 最多 {longest} 个字符")
    return columns
