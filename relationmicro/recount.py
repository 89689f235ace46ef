"""Repairs the second sides: of follows, of chats in the inboxes, and of blocks."""

from collections.abc import AsyncIterator

from microkit.context import Context
from relationmicro.dal.block import Blocks
from relationmicro.dal.follow import Follows
from relationmicro.dal.inbox import Inboxes
from relationmicro.settings import Settings


async def recount(context: Context[Settings]) -> AsyncIterator[str]:
    """Compare both sides of every follow, whose numbers are the counts, of chats and of blocks."""
    redis = await context.redis()
    follows = Follows(redis)
    repaired = 0
    async for follower, followed, change in follows.repair():
        repaired += 1
        yield f"user {followed}: follower {follower} {'added' if change > 0 else 'removed'}"
    yield f"{repaired} follows repaired"
    adopted = 0
    async for owner, other in Inboxes(redis).adopt():
        adopted += 1
        yield f"user {owner}: the chat with {other} added to the inbox"
    yield f"{adopted} conversations added"
    settled = 0
    async for user, target in Blocks(redis).repair():
        settled += 1
        yield f"user {target}: the block by {user} corrected"
    yield f"{settled} blocks corrected"
