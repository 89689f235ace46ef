"""Copies likes from one Redis to a cluster."""

from collections.abc import AsyncIterator

from favoritemicro.dal import keys
from favoritemicro.recount import recount
from favoritemicro.settings import Settings
from microkit.context import Context
from microkit.storage import redis_copy


async def copy(context: Context[Settings]) -> AsyncIterator[str]:
    """Copy all keys but the counts of authors, compare them, then count and compare likes."""
    users = [keys.users(lane) for lane in range(keys.LANES)]
    async for line in redis_copy.copy(context, "favorite:", users, keys.is_not_derived):
        yield line
    async for line in recount(context):
        yield line
