"""The feed while replicas of videoservice are killed in the middle of their transactions."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest
import stores
from fleet import eventually

from microkit.paging import NEWEST
from microkit.storage.database import open_database
from videomicro import SERVICE
from videomicro.dal.video import Videos

REPLICAS = 3
EACH = 8  # videos of each of a replica's three callers, before its transaction that stays open
PROGRAM = Path(__file__).with_name("publishing.py")


async def write_until_killed(url: str, author: int) -> list[int]:
    """Run a replica and kill it in its open transaction; return what it acknowledged."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, PROGRAM, str(author), str(EACH),
        stdout=PIPE, env=os.environ | {"DATABASE_URL": url},
    )  # fmt: skip
    try:
        return await acknowledged_by(process)
    finally:
        process.kill()
        await process.wait()


async def acknowledged_by(process: Process) -> list[int]:
    lines = []
    while (line := (await process.stdout.readline()).decode().strip()) != "open":
        assert line, "it ended by itself"
        lines.append(int(line))
    return lines


@pytest.mark.parametrize("database_url", stores.DATABASES[1:], indirect=True)
async def test_killed_publishes_make_the_feed_neither_skip_nor_repeat(settings, database_url):
    """Three replicas publish and are killed, one after another, while a reader follows the feed."""
    own = settings(database_url=database_url("videomicro"))
    async with open_database(own, SERVICE.migrations()) as database:
        videos = Videos(database)
        writers = [
            asyncio.create_task(write_until_killed(own.database_url, author))
            for author in range(1, REPLICAS + 1)
        ]
        seen: list[int] = []

        async def follow() -> bool:
            """Read the feed: what is new in it is newer than everything before."""
            ids = [row.id for row in reversed(await videos.feed(NEWEST, 1000))]
            assert ids[: len(seen)] == seen
            seen[:] = ids
            return all(each.done() for each in writers)

        await eventually(follow)
        acknowledged = [each for writer in writers for each in await writer]
        # The server has rolled back what was open, so that the next publish gets the lock.
        acknowledged.append(await videos.create(9, "acknowledged", "p", "c"))
        await follow()
        assert sorted(seen) == sorted(acknowledged)
        assert len(set(seen)) == REPLICAS * 3 * EACH + 1
        authors = dict.fromkeys(range(1, REPLICAS + 1), 3 * EACH)
        assert await videos.counts([0, *authors]) == {0: 0, **authors}
        pages, cursor = [], NEWEST
        while page := await videos.feed(cursor, 7):
            pages += [row.id for row in page]
            cursor = page[-1].created_ms
        assert pages[::-1] == seen
