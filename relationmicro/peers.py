"""Who exists: asked of userservice, and remembered, because accounts are never removed."""

from collections.abc import Iterable
from typing import Final

from idl import usermicro
from microkit.cache import CachedLoader
from microkit.errors import NotFound

_REMEMBERED: Final = 100_000
_REMEMBERED_SECONDS: Final = 3600.0


class Peers:
    """What userservice knows of people."""

    def __init__(self, client: usermicro.Client) -> None:
        self._client = client
        self._known: CachedLoader[int, bool] = CachedLoader(
            self._load, _REMEMBERED, _REMEMBERED_SECONDS
        )

    async def must_exist(self, *user_ids: int) -> None:
        """See to it that all of them exist.

        Raises:
            NotFound: one does not.
            Unavailable: userservice does not answer, and one is not remembered.
        """
        if len(await self._known.many(user_ids)) < len(set(user_ids)):
            raise NotFound("用户不存在")

    async def infos(self, user_ids: Iterable[int]) -> dict[int, usermicro.UserInfo]:
        """Return userservice's UserInfo of those who exist."""
        wanted = list(user_ids)
        if not wanted:
            return {}
        answer = await self._client.GetUserSetByIdSetMethod(id_set=wanted)
        return {info.id: info for info in answer.user_set or ()}

    async def _load(self, user_ids: list[int]) -> dict[int, bool]:
        return dict.fromkeys(await self.infos(user_ids), True)
