"""The command ``sweep``: removes the objects of killed uploads, which no row refers to."""

from collections.abc import AsyncIterator

from api.clients import Clients
from api.orphans import Orphans, referrers
from api.settings import Settings
from microkit.context import Context


async def sweep(context: Context[Settings], *, dry_run: bool = False) -> AsyncIterator[str]:
    """Remove every orphan and yield a line for each; with `dry_run` remove nothing."""
    orphans = Orphans(await context.objects(), referrers(Clients.of(context)))
    found = used = 0
    async for page in orphans.pages():
        used += page.used
        for orphan in page.orphans:
            if not dry_run:
                await orphans.remove(orphan)
            found += 1
            yield f"{orphan.key}: no row" + ("" if dry_run else ", removed")
    if not dry_run:
        await orphans.clear_partials()
    yield f"{found} objects without a row{'' if dry_run else ' removed'}, {used} used"
