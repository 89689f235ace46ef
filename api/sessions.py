"""Sessions that were ended: by a new password, or by logging out everywhere.

A token carries how often the sessions of its account had been ended before it was issued. Every
process asks userservice twice a second for the accounts with newly ended ones, and keeps those of
the lifetime of a token: a request costs one lookup in a dictionary. Ending sessions is answered
after all processes know of it (`api.middleware.settling`).
"""

from collections.abc import Mapping
from typing import Final

from idl import usermicro
from microkit.background import periodically
from microkit.clock import now_ms

_ASK_SECONDS: Final = 0.5
# Replicas of userservice take the time before they commit, each from its own clock.
_OVERLAP_MS: Final = 30_000
_MS_A_DAY: Final = 86_400_000


class Sessions:
    """Knows which tokens have ended before they expired.

    Args:
        users: userservice.
        token_days: the lifetime of a token.
    """

    def __init__(self, users: usermicro.Client, token_days: int) -> None:
        self._users = users
        self._ended: dict[int, int] = {}
        self._seen_ms = now_ms() - token_days * _MS_A_DAY

    @property
    def ended(self) -> Mapping[int, int]:
        """The least generation of valid tokens, by account; others have no ended sessions."""
        return self._ended

    async def load(self) -> None:
        """Ask for ended sessions, the earliest first.

        Raises:
            Error: userservice did not answer.
        """
        since_ms = self._seen_ms - _OVERLAP_MS
        while True:
            answer = await self._users.GetEndedSessionsMethod(since_ms=since_ms)
            accounts = answer.user_ids or ()
            for account, generation in zip(accounts, answer.generations or (), strict=True):
                self._ended[account] = max(generation, self._ended.get(account, 0))
            last_ms = answer.last_ms or since_ms
            # A replica whose clock is ahead must not hide what others write until then.
            self._seen_ms = min(max(self._seen_ms, last_ms), now_ms())
            if not accounts or last_ms <= since_ms:
                return
            since_ms = last_ms

    async def watch(self) -> None:
        """Ask again and again, until cancelled; while userservice does not answer, tokens pass."""
        await periodically("ended sessions", self._ask, _ASK_SECONDS)

    async def _ask(self) -> float:
        await self.load()
        return _ASK_SECONDS
