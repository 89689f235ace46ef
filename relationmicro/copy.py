"""Copies follows and messages from one Redis to a cluster."""

from collections.abc import AsyncIterator

from microkit.context import Context
from microkit.storage import redis_copy
from relationmicro.dal import keys
from relationmicro.recount import recount
from relationmicro.settings import Settings


async def copy(context: Context[Settings]) -> AsyncIterator[str]:
    """Copy all keys, compare them, then compare both sides of every follow."""
    lanes = range(keys.LANES)
    async for line in redis_copy.copy(context, "relation:", list(map(keys.users, lanes))):
        yield line
    async for line in recount(context):
        yield line
