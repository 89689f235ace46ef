"""Tells open pages, in whatever process of the API, that something of theirs has changed.

A notice names accounts, nothing else: pages then ask for what they show, and get what they may see.
Those of a few milliseconds are published together, so that a message costs a share of a command. A
notice may be lost (Redis fails, a process is killed); pages also look by themselves now and then.
"""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from microkit.storage.channel import Channel
from microkit.storage.redis import Redis
from microkit.storage.settings import RedisSettings

_NAME: Final = "api:changed"
_TOGETHER_SECONDS: Final = 0.03
_MOST: Final = 1000  # accounts of one text


class Notices:
    """The pages that listen in this process, and the channel to the others.

    Args:
        redis: publishes.
        settings: where to subscribe.
    """

    def __init__(self, redis: Redis, settings: RedisSettings) -> None:
        self._listeners: defaultdict[int, set[asyncio.Event]] = defaultdict(set)
        self._pending: dict[int, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._sender = secrets.token_hex(8)
        self._channel = Channel(
            redis, settings, _NAME, received=self._on_text, connected=self.wake_all
        )

    def tell(self, *accounts: int) -> None:
        """Notify the pages of accounts; returns at once."""
        self._wake(accounts)
        self._pending.update(dict.fromkeys(accounts))
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(_TOGETHER_SECONDS, self._publish)

    def listen(self, account: int) -> asyncio.Event:
        """Return an event that is set whenever the account is told; `forget` ends that."""
        event = asyncio.Event()
        self._listeners[account].add(event)
        return event

    def forget(self, account: int, event: asyncio.Event) -> None:
        """Stop setting an event."""
        listeners = self._listeners[account]
        listeners.discard(event)
        if not listeners:
            del self._listeners[account]

    async def receive(self) -> None:
        """Receive the notices of other processes, until cancelled."""
        await self._channel.listen()

    async def close(self) -> None:
        """Publish nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
        await self._channel.close()

    def _publish(self) -> None:
        self._timer = None
        accounts, self._pending = list(self._pending), {}
        for at in range(0, len(accounts), _MOST):
            told = " ".join(map(str, accounts[at : at + _MOST]))
            self._channel.publish(f"{self._sender} {told}")

    def _on_text(self, text: str) -> None:
        sender, *accounts = text.split(" ")
        if sender != self._sender:
            self._wake(int(each) for each in accounts if each.isdecimal())

    def _wake(self, accounts: Iterable[int]) -> None:
        for account in accounts:
            for event in self._listeners.get(account, ()):
                event.set()

    def wake_all(self) -> None:
        """Notify everybody: notices may have been missed."""
        self._wake(tuple(self._listeners))
