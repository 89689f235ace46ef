"""Repairs the comment counts from the comments."""

from collections.abc import AsyncIterator

from commentmicro.dal.comment import Comments
from commentmicro.settings import Settings
from microkit.context import Context


async def recount(context: Context[Settings]) -> AsyncIterator[str]:
    """Compare every video's count with its comments and repair differences."""
    comments = Comments(await context.database())
    repaired = 0
    async for video_id, stored, right in comments.repair():
        repaired += 1
        yield f"video {video_id}: comments {stored} → {right}"
    yield f"{repaired} counts repaired"
