"""Rate limits of what an account does. `api.limit` in the IDL names the limit of a method."""

import math
from collections.abc import Mapping
from functools import partial
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from api import keys
from api.middleware import Target
from api.routes import RECEIVED
from api.settings import Settings
from microkit.errors import TooManyRequests
from microkit.storage.token_bucket import Buckets, LimitStore, Rate

PUBLISHES: Final = "publishes"


def refused(seconds: float, why: str = "操作太频繁") -> TooManyRequests:
    """Return the error of a limit that allows the next action in `seconds`."""
    return TooManyRequests(f"{why}，请 {math.ceil(seconds)} 秒后再试")


class ActionLimits:
    """Limits likes, follows, comments, messages and publishes, each per account."""

    def __init__(self, store: LimitStore, settings: Settings) -> None:
        rates: Mapping[str, str] = {
            "likes": settings.limit_likes,
            "follows": settings.limit_follows,
            "comments": settings.limit_comments,
            "messages": settings.limit_messages,
            "reads": settings.limit_reads,
            "profiles": settings.limit_profiles,
            "passwords": settings.limit_passwords,
            PUBLISHES: settings.limit_publishes,
        }
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
        if endpoint is None or endpoint.takes_upload:
            return handler
        buckets = self._buckets.get(endpoint.limit or "")
        if buckets is None:
            return handler

        async def count(request: web.Request) -> web.StreamResponse:
            viewer = request[RECEIVED].viewer
            if viewer and (seconds := await buckets.take(viewer)):
                raise refused(seconds)
            return await handler(request)

        return count
