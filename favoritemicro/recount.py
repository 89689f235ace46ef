"""Mends the likes of all videos and authors from what users gave."""

from collections.abc import AsyncIterator

from favoritemicro.dal.mend import mend
from favoritemicro.settings import Settings
from microkit.context import Context


async def recount(context: Context[Settings]) -> AsyncIterator[str]:
    """Compare every like on both sides and every author's count."""
    mended = 0
    async for line in mend(await context.redis()):
        mended += 1
        yield line
    yield f"{mended} counts mended"
