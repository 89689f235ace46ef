"""Pictures of profiles: cut out, stored, and removed when the account no longer refers to them.

The key of a picture names its account, so that the sweep (api/orphans.py) can look up whether it is
still used. A process that is killed may leave a picture: the sweep removes it.
"""

import asyncio
import re
import secrets
from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

from api.clients import Clients
from api.media import MediaWorkers
from api.upload import Upload
from idl import core, usermicro
from microkit.background import BackgroundTasks
from microkit.errors import Error, ParamError, Retry
from microkit.storage.objects import Objects, discard

AVATARS: Final = "avatars"
BACKGROUNDS: Final = "backgrounds"

_NAME: Final = re.compile(
    rf"(?:{AVATARS}|{BACKGROUNDS})/(\d{{1,18}})-[0-9a-f]{{32}}\.jpg", re.ASCII
)
_TYPE: Final = "image/jpeg"
# Pages that were loaded until the account was changed everywhere (SETTLE_SECONDS of
# api/middleware.py) still ask for the picture that it had.
_KEEP_SECONDS: Final = 10.0


class _Kind(NamedTuple):
    """A kind of picture: where it is stored, its size, and what is stored without one."""

    folder: str
    size: tuple[int, int]
    default: str


_KINDS: Final = {
    core.PictureKind.AVATAR: _Kind(AVATARS, (400, 400), usermicro.DEFAULT_AVATAR),
    core.PictureKind.BACKGROUND: _Kind(
        BACKGROUNDS, (1280, 720), usermicro.DEFAULT_BACKGROUND_IMAGE
    ),
}


def owner_of(key: str) -> int | None:
    """Return the account that a picture was stored for; None if the key is of another object."""
    match = _NAME.fullmatch(key)
    return int(match[1]) if match else None


async def used_by_accounts(clients: Clients, keys: Iterable[str]) -> Collection[str]:
    """Return those of the keys that are pictures of their accounts."""
    owners = {key: owner for key in keys if (owner := owner_of(key)) is not None}
    if not owners:
        return ()
    answer = await clients.users.GetUserSetByIdSetMethod(id_set=list(set(owners.values())))
    shown = {
        picture
        for user in answer.user_set or ()
        for picture in (user.avatar, user.background_image)
    }
    return owners.keys() & shown


class Pictures:
    """Changes and removes the pictures of accounts.

    Args:
        clients: userservice among them.
        objects: the object store.
        workers: cut the pictures out.
        keep_seconds: how long a picture is kept that was replaced.
    """

    def __init__(
        self,
        clients: Clients,
        objects: Objects,
        workers: MediaWorkers,
        keep_seconds: float = _KEEP_SECONDS,
    ) -> None:
        self._clients = clients
        self._objects = objects
        self._workers = workers
        self._keep_seconds = keep_seconds
        self._removals = BackgroundTasks()

    async def close(self) -> None:
        """Stop; replaced pictures that are still stored are left to the sweep."""
        await self._removals.close()

    async def replace(self, user_id: int, kind: int, upload: Upload | None) -> str:
        """Change a picture of an account to an uploaded one; return its key.

        Raises:
            ParamError: the file is missing or not a picture.
            StoreError: the object could not be stored.
            Overloaded: too many uploads are queued.
            Unavailable: userservice did not answer.
        """
        if upload is None or upload.source is None:
            raise ParamError("缺少图片：请放在 data 字段")
        made = _KINDS[core.PictureKind(kind)]
        picture = await self._workers.picture(upload.source, upload.folder, made.size, user_id)
        key = f"{made.folder}/{user_id}-{secrets.token_hex(16)}.jpg"
        try:
            await self._objects.put(key, picture, _TYPE)
        except BaseException:
            await discard(self._objects, [key])
            raise
        try:
            await self._edit(user_id, kind, key)
        except Error as error:
            if error.retry is not Retry.MAYBE_HANDLED:  # otherwise the row may refer to it
                await self._remove(user_id, [key])
            raise
        return key

    async def reset(self, user_id: int, kind: int) -> None:
        """Return an account to the picture that it had at first.

        Raises:
            Unavailable: userservice did not answer.
        """
        await self._edit(user_id, kind, _KINDS[core.PictureKind(kind)].default)

    async def _edit(self, user_id: int, kind: int, key: str) -> None:
        avatar = kind == core.PictureKind.AVATAR
        answer = await self._clients.users.EditUserMethod(
            id=user_id, avatar=key if avatar else None, background_image=None if avatar else key
        )
        if answer.replaced:
            self._removals.start(self._remove_later(user_id, answer.replaced))

    async def _remove_later(self, user_id: int, keys: list[str]) -> None:
        await asyncio.sleep(self._keep_seconds)
        await self._remove(user_id, keys)

    async def _remove(self, user_id: int, keys: list[str]) -> None:
        """Remove the objects that were stored for this account."""
        await discard(self._objects, [key for key in keys if owner_of(key) == user_id])
