"""Calls to userservice. Existing accounts are cached, because they are never removed."""

from collections.abc import Iterable
from typing import Final

from idl import usermicro
from microkit.cache import CachedLoader
from microkit.errors import NotFound

_CACHE_SIZE: Final = 100_000
_CACHE_SECONDS: Final = 3600.0


class Peers:
    """User data from userservice."""

    def __init__(self, client: usermicro.Client) -> None:
        self._client = client
        self._existing: CachedLoader[int, bool] = CachedLoader(
            self._load, _CACHE_SIZE, _CACHE_SECONDS
        )

    async def must_exist(self, *user_ids: int) -> None:
        """Check that all users exist.

        Raises:
            NotFound: a user does not exist.
            Unavailable: userservice does not answer, and a user is not cached.
        """
        if len(await self._existing.many(user_ids)) < len(set(user_ids)):
            raise NotFound("用户不存在")

    async def infos(self, user_ids: Iterable[int]) -> dict[int, usermicro.UserInfo]:
        """Return the UserInfo of the existing users by id."""
        ids = list(user_ids)
        if not ids:
            return {}
        answer = await self._client.GetUserSetByIdSetMethod(id_set=ids)
        return {info.id: info for info in answer.user_set or ()}

    async def _load(self, user_ids: list[int]) -> dict[int, bool]:
        return dict.fromkeys(await self.infos(user_ids), True)
