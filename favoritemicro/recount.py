"""Repairs the likes of videos and authors from the `given` sets."""

from collections.abc import AsyncIterator

from favoritemicro.dal.repair import repair
from favoritemicro.settings import Settings
from microkit.context import Context


async def recount(context: Context[Settings]) -> AsyncIterator[str]:
    """Compare both sides of every like and every author's count, and repair differences."""
    repaired = 0
    async for line in repair(await context.redis()):
        repaired += 1
        yield line
    yield f"{repaired} counts repaired"
