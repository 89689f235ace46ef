"""The methods of UserService."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from argon2 import PasswordHasher

from idl import usermicro
from microkit.background import running
from microkit.batch import distinct
from microkit.context import Context
from microkit.errors import Forbidden, NotFound, ParamError, Unauthorized
from microkit.filling import fill
from microkit.paging import MAX_ITEMS, NEWEST
from usermicro import pack
from usermicro.dal.names import Names
from usermicro.dal.report import Reports
from usermicro.dal.user import Users
from usermicro.metrics import LOGINS, REGISTRATIONS
from usermicro.name import checked
from usermicro.password import HASHER, Passwords, open_passwords
from usermicro.settings import Settings

CONTRACT = usermicro.CONTRACT

_REPORTS: Final = 100


@asynccontextmanager
async def open_handlers(
    context: Context[Settings], hasher: PasswordHasher = HASHER
) -> AsyncIterator[usermicro.Handlers]:
    """Open stores and clients; yield the handlers by Thrift service."""
    database = await context.database()
    users = Users(database)
    names = Names(database, users)
    async with (
        open_passwords(context.settings.argon2_threads, hasher) as passwords,
        running(fill("names", names.fill)),
    ):
        handler = UserHandler(users, names, Reports(database), passwords)
        yield {"UserService": handler}


class UserHandler:
    """Accounts, logins and cached counts."""

    def __init__(self, users: Users, names: Names, reports: Reports, passwords: Passwords) -> None:
        self._users = users
        self._names = names
        self._reports = reports
        self._passwords = passwords

    async def CreateUserMethod(self, request: usermicro.CreateUserReq) -> usermicro.CreateUserResp:
        """Create an account; a unique index ensures that the name is free."""
        new = request.newuser
        name = checked(new.name)
        password_hash = await self._passwords.hash(request.password)
        user_id = await self._users.create(
            name,
            password_hash=password_hash,
            email=new.email or None,
            avatar=new.avatar or usermicro.DEFAULT_AVATAR,
            background_image=new.background_image or usermicro.DEFAULT_BACKGROUND_IMAGE,
            signature=new.signature or usermicro.DEFAULT_SIGNATURE,
        )
        REGISTRATIONS.inc()
        return usermicro.CreateUserResp.ok(user_id=user_id)

    async def LoginUserMethod(self, request: usermicro.LoginUserReq) -> usermicro.LoginUserResp:
        """Check a password; an unknown name takes as long and gets the same error."""
        stored = await self._users.password_of(request.name)
        user_id, password_hash, generation, hidden = stored or (None, None, None, False)
        matches = await self._passwords.verify(password_hash, request.password)
        LOGINS.labels("accepted" if matches else "refused").inc()
        if not matches:
            raise Unauthorized("用户名或密码错误")
        if hidden:
            raise Forbidden("账号已被停用")
        return usermicro.LoginUserResp.ok(user_id=user_id, generation=generation)

    async def GetUserMethod(self, request: usermicro.GetUserReq) -> usermicro.GetUserResp:
        """Return a user by id, or by name if the request has no id."""
        if request.id is not None:
            row = (await self._users.by_ids([request.id])).get(request.id)
        elif request.name is not None:
            row = await self._users.by_name(request.name)
        else:
            raise ParamError("需要用户编号或用户名")
        if row is None:
            raise NotFound("用户不存在")
        return usermicro.GetUserResp.ok(user=pack.user_info(row))

    async def GetUserSetByIdSetMethod(
        self, request: usermicro.GetUserSetByIdSetReq
    ) -> usermicro.GetUserSetByIdSetResp:
        """Return the existing users of the requested ids."""
        rows = await self._users.by_ids(distinct(request.id_set or ()))
        return usermicro.GetUserSetByIdSetResp.ok(user_set=pack.user_infos(rows.values()))

    async def UpdateUserMethod(self, request: usermicro.UpdateUserReq) -> usermicro.UpdateUserResp:
        """Update the non-empty fields of the request."""
        columns = {k: v for k, v in msgspec.structs.asdict(request.update_data).items() if v}
        password = columns.pop("password", None)
        if password is not None:
            columns["password_hash"] = await self._passwords.hash(password)
        await self._users.update(request.id, columns)
        return usermicro.UpdateUserResp.ok()

    async def UpdateRelationMethod(
        self, request: usermicro.UpdateRelationCacheReq
    ) -> usermicro.UpdateRelationCacheResp:
        """Set the cached counts of follows."""
        await self._users.update(request.id, msgspec.structs.asdict(request.new_data))
        return usermicro.UpdateRelationCacheResp.ok()

    async def UpdateInteractionMethod(
        self, request: usermicro.UpdateInteractionCacheReq
    ) -> usermicro.UpdateInteractionCacheResp:
        """Set the cached counts of likes."""
        await self._users.update(request.id, msgspec.structs.asdict(request.new_data))
        return usermicro.UpdateInteractionCacheResp.ok()

    async def UpdateWorkMethod(
        self, request: usermicro.UpdateWorkCacheReq
    ) -> usermicro.UpdateWorkCacheResp:
        """Set the cached count of videos."""
        await self._users.update(request.id, msgspec.structs.asdict(request.new_data))
        return usermicro.UpdateWorkCacheResp.ok()

    async def EditUserMethod(self, request: usermicro.EditUserReq) -> usermicro.EditUserResp:
        """Change what an account shows; a unique index ensures that the name is free."""
        columns = {
            "name": None if request.name is None else checked(request.name),
            "signature": request.signature,
            "avatar": request.avatar,
            "background_image": request.background_image,
        }
        if request.signature == "":
            columns["signature"] = usermicro.DEFAULT_SIGNATURE
        changed = {name: value for name, value in columns.items() if value is not None}
        replaced = await self._users.edit(request.id, changed) if changed else []
        return usermicro.EditUserResp.ok(replaced=replaced)

    async def ChangePasswordMethod(
        self, request: usermicro.ChangePasswordReq
    ) -> usermicro.EndSessionsResp:
        """Change a password and end all sessions."""
        password_hash = await self._users.password_hash(request.id)
        if not await self._passwords.verify(password_hash, request.old_password):
            raise ParamError("原密码错误")
        new_hash = await self._passwords.hash(request.password)
        generation = await self._users.end_sessions(request.id, {"password_hash": new_hash})
        return usermicro.EndSessionsResp.ok(generation=generation)

    async def EndSessionsMethod(
        self, request: usermicro.EndSessionsReq
    ) -> usermicro.EndSessionsResp:
        """End all sessions of an account."""
        generation = await self._users.end_sessions(request.id, {})
        return usermicro.EndSessionsResp.ok(generation=generation)

    async def GetEndedSessionsMethod(
        self, request: usermicro.GetEndedSessionsReq
    ) -> usermicro.GetEndedSessionsResp:
        """Return the accounts whose sessions were ended since a time."""
        found = await self._users.ended_since(request.since_ms)
        return usermicro.GetEndedSessionsResp.ok(
            user_ids=[user_id for _, user_id, _ in found],
            generations=[generation for _, _, generation in found],
            last_ms=found[-1][0] if found else request.since_ms,
        )

    async def SearchUsersMethod(
        self, request: usermicro.SearchUsersReq
    ) -> usermicro.SearchUsersResp:
        """Return the ids of people by the words of their names."""
        page = await self._names.search(
            request.words, request.cursor or NEWEST, request.count or MAX_ITEMS
        )
        return usermicro.SearchUsersResp.ok(ids=page.items, next_cursor=page.next_cursor)

    async def ReportMethod(self, request: usermicro.ReportReq) -> usermicro.ReportResp:
        """Store a report."""
        await self._reports.add(
            request.reporter_id, request.kind, request.target_id, request.reason or ""
        )
        return usermicro.ReportResp.ok()

    async def GetReportsMethod(self, request: usermicro.GetReportsReq) -> usermicro.GetReportsResp:
        """Return reports, newest first."""
        page = await self._reports.page(request.cursor or NEWEST, request.count or _REPORTS)
        return usermicro.GetReportsResp.ok(
            reports=pack.reports(page.items), next_cursor=page.next_cursor
        )

    async def HideUserMethod(self, request: usermicro.HideUserReq) -> usermicro.HideUserResp:
        """Hide a person, or show them again."""
        if (await self._users.by_ids([request.id])).get(request.id) is None:
            raise NotFound("用户不存在")
        await self._users.set_hidden(request.id, hidden=request.hidden)
        return usermicro.HideUserResp.ok()
