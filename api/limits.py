"""Rate limits of what an account does. `api.limit` in the IDL names the limit of a method."""

import math
from collections.abc import Mapping
from functools import partial
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from api import keys
from api.address import Addresses
from api.middleware import Target
from api.routes import RECEIVED
from api.settings import Settings
from microkit.errors import TooManyRequests
from microkit.storage.token_bucket import Buckets, LimitStore, Rate

SEARCHES: Final = "searches"


def refused(seconds: float, why: str = "操作太频繁") -> TooManyRequests:
    """Return the error of a limit that allows the next action in `seconds`."""
    return TooManyRequests(f"{why}，请 {math.ceil(seconds)} 秒后再试")


class ActionLimits:
    """Limits what an account does, each kind on its own.

    Searches without a token are limited per address.
    """

    def __init__(self, store: LimitStore, settings: Settings, addresses: Addresses) -> None:
        rates: Mapping[str, str] = {
            "likes": settings.limit_likes,
            "follows": settings.limit_follows,
            "comments": settings.limit_comments,
            "messages": settings.limit_messages,
            "reads": settings.limit_reads,
            "profiles": settings.limit_profiles,
            "passwords": settings.limit_passwords,
            "publishes": settings.limit_publishes,
            "removals": settings.limit_removals,
            SEARCHES: settings.limit_searches,
            "blocks": settings.limit_blocks,
            "reports": settings.limit_reports,
        }
        rate = Rate.parse(settings.limit_searches_per_address)
        self._addresses = addresses
        self._anonymous = rate and Buckets(store, rate, keys.searches)
        self._buckets: dict[str, Buckets[int] | None] = {
            kind: Buckets(store, rate, partial(keys.actions, kind))
            if (rate := Rate.parse(text))
            else None
            for kind, text in rates.items()
        }

    async def take(self, kind: str, account: int) -> None:
        """Count an action.

        Raises:
            TooManyRequests: the limit is reached.
        """
        buckets = self._buckets[kind]
        if buckets is not None and (seconds := await buckets.take(account)):
            raise refused(seconds)

    def link(self, target: Target, handler: Handler) -> Handler:
        """Count each call of a limited method; uploads are counted before they are received."""
        endpoint = target.endpoint
        if endpoint is None or endpoint.upload:
            return handler
        buckets = self._buckets.get(endpoint.limit or "")
        if buckets is None:
            return handler

        async def count(request: web.Request) -> web.StreamResponse:
            viewer = request[RECEIVED].viewer
            if viewer and (seconds := await buckets.take(viewer)):
                raise refused(seconds)
            return await handler(request)

        async def count_anonymous(request: web.Request) -> web.StreamResponse:
            await self._take_anonymous(request)
            return await count(request)

        return count_anonymous if endpoint.limit == SEARCHES else count

    async def _take_anonymous(self, request: web.Request) -> None:
        buckets = self._anonymous
        if request[RECEIVED].viewer or buckets is None:
            return
        address = self._addresses.of(request)
        if not self._addresses.is_exempt(address) and (seconds := await buckets.take(address)):
            raise refused(seconds)
