"""Repairs the `followers` sets from the `following` sets."""

from collections.abc import AsyncIterator

from microkit.context import Context
from relationmicro.dal.follow import Follows
from relationmicro.settings import Settings


async def recount(context: Context[Settings]) -> AsyncIterator[str]:
    """Compare both sides of every follow; the counts are the sizes of these sets."""
    follows = Follows(await context.redis())
    repaired = 0
    async for follower, followed, change in follows.repair():
        repaired += 1
        yield f"user {followed}: follower {follower} {'added' if change > 0 else 'removed'}"
    yield f"{repaired} follows repaired"
