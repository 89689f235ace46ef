"""Whether the account of a token exists: userservice's answer, cached."""

import logging
from collections.abc import Mapping
from typing import Final

from api.clients import Clients
from microkit.cache import CachedLoader
from microkit.errors import Error, Unauthorized

_log = logging.getLogger(__name__)

_CACHE_SIZE: Final = 100_000
# An account that an operator hides stays usable for up to this long.
_CACHE_SECONDS: Final = 60.0


class Accounts:
    """The accounts that exist and are not hidden.

    A missing account is not cached, so that a token works at once, whichever process issued it.
    Such a token has our signature (the database was replaced, its secret was not), so there are
    few; concurrent requests share one call.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._existing: CachedLoader[int, bool] = CachedLoader(
            self._load, _CACHE_SIZE, _CACHE_SECONDS
        )

    async def must_exist(self, user_id: int) -> None:
        """Check that the account exists; pass if userservice does not answer.

        Raises:
            Unauthorized: it does not, or an operator has hidden it.
        """
        try:
            exists = await self._existing.one(user_id)
        except Error as error:
            # We signed the token: the account exists, unless the database was replaced.
            _log.warning("account %d not checked: %s", user_id, error.cause)
            return
        if not exists:
            raise Unauthorized("账号不存在，请重新登录")

    async def _load(self, user_ids: list[int]) -> Mapping[int, bool]:
        answer = await self._clients.users.GetUserSetByIdSetMethod(id_set=user_ids)
        return {info.id: True for info in answer.user_set or () if not info.hidden}
