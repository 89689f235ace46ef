"""Lists from read replicas of SQL: none lacks a write, whatever the replica has."""

import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import stores
from fleet import eventually

import commentmicro
import videomicro
from commentmicro.dal.comment import Comments
from microkit.metrics import REGISTRY
from microkit.paging import NEWEST
from microkit.storage.database import Database, open_database
from scripts.sql_servers import Replicated, SqlServer
from videomicro.dal.found import FoundVideos
from videomicro.dal.merged import MergedVideos
from videomicro.dal.titles import Titles
from videomicro.dal.video import Videos

AUTHOR = 1
VIDEO = 1  # the first one


def reads(outcome: str) -> float:
    """How many lists ended so."""
    return REGISTRY.get_sample_value("replica_reads_total", {"outcome": outcome}) or 0.0


def listed(server: SqlServer) -> int:
    """How many lists a server has read."""
    ((_, count),) = server.run("SHOW GLOBAL STATUS LIKE 'Com_select'")
    return int(count)


@dataclass
class Process:
    """What a service process has of each list."""

    videos: Videos
    titles: Titles
    found: FoundVideos
    merged: MergedVideos
    comments: Comments

    @classmethod
    def of(cls, videos: Database, comments: Database) -> "Process":
        rows, titles = Videos(videos), Titles(videos)
        found, merged = FoundVideos(titles, rows), MergedVideos(videos, rows)
        return cls(rows, titles, found, merged, Comments(comments))

    async def lists(self) -> dict[str, list[object]]:
        """Every list that a replica may read."""
        pages = {
            "by author": self.videos.by_author(AUTHOR, NEWEST, 50),
            "merged": self.merged.newest([AUTHOR, 2, 3], NEWEST, 50),
            "words": self.found.by_words("snow tree", NEWEST, 50),
            "hashtag": self.found.by_hashtag("winter", NEWEST, 50),
        }
        shown: dict[str, list[object]] = {
            name: [row.title for row in (await page).items] for name, page in pages.items()
        }
        shown["feed"] = [row.title for row in await self.videos.feed(NEWEST, 50)]
        shown["count"] = [(await self.videos.counts([AUTHOR]))[AUTHOR]]
        shown["hashtags"] = [each.videos for each in await self.titles.suggested("wint", 5)]
        comments = (await self.comments.by_video(VIDEO, NEWEST, 50)).items
        shown["comments"] = [row.content for row in comments]
        return shown

    async def tries(self, condition: Callable[[], bool]) -> bool:
        """Read a list of each database, and return whether the condition holds."""
        await self.videos.by_author(AUTHOR, NEWEST, 1)
        await self.comments.by_video(VIDEO, NEWEST, 1)
        return condition()


def expected(titles: list[str], comments: list[str]) -> dict[str, list[object]]:
    """The lists of an author with these titles, of which each has the words and the hashtag."""
    pages = dict.fromkeys(("by author", "merged", "words", "hashtag", "feed"), titles)
    counts = {"count": [len(titles)], "hashtags": [len(titles)] if titles else []}
    return {**pages, **counts, "comments": comments}


@pytest.fixture(params=stores.REPLICATED)
def pair(request: pytest.FixtureRequest) -> Replicated:
    return request.getfixturevalue(request.param)


Open = Callable[[], contextlib.AbstractAsyncContextManager[Process]]


@pytest.fixture
def process(pair: Replicated, settings: Callable[..., object]) -> Open:
    """Opens what one process has."""
    urls = [stores.replicated_database(pair, name) for name in ("videos", "comments")]

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[Process]:
        async with contextlib.AsyncExitStack() as stack:
            databases = [
                await stack.enter_async_context(open_database(settings(database_url=url), folder))
                for url, folder in zip(urls, migrations(), strict=True)
            ]
            yield Process.of(*databases)

    return opened


def migrations() -> list[Path]:
    return [videomicro.SERVICE.migrations(), commentmicro.SERVICE.migrations()]


async def test_a_list_is_that_of_now_whatever_its_replica_has(pair, process, caplog):
    caplog.set_level(logging.INFO, "microkit.storage.replicas")
    async with process() as here, process() as there:
        ids = [await here.videos.create(AUTHOR, f"{n} snow tree #winter", "p", "c") for n in "abc"]
        await here.comments.publish(5, VIDEO, "first")
        assert ids[0] == VIDEO
        titles = [f"{n} snow tree #winter" for n in "cba"]

        async def agree(comments: list[str]) -> None:
            assert await there.lists() == expected(titles, comments)

        await reads_the_replica(pair, lambda: agree(["first"]), there)

        # Behind: each kind of write is seen by every list of another process.
        pair.replica.run("STOP SLAVE SQL_THREAD")
        before = reads("behind")
        titles.insert(0, "d snow tree #winter")
        await here.videos.create(AUTHOR, titles[0], "p", "c")
        await agree(["first"])
        await eventually(lambda: there.tries(lambda: reads("behind") > before))
        titles[1] = "C snow tree #winter"
        await here.videos.rename(ids[2], titles[1])
        await agree(["first"])
        await here.videos.delete(ids[1])
        titles.remove("b snow tree #winter")
        await agree(["first"])
        second = await here.comments.publish(6, VIDEO, "second")
        await agree(["second", "first"])
        await here.comments.delete(second)  # the count is that of the replica again
        await agree(["first"])
        # At least: on a busy machine a list may also take too long.
        told = "the primary reads its lists"
        await eventually(lambda: there.tries(lambda: caplog.text.count(told) >= 2))
        pair.replica.run("START SLAVE SQL_THREAD")
        await reads_the_replica(pair, lambda: agree(["first"]), there)
        assert caplog.text.count("is current: lists are read there again") >= 2

        # Frozen, then down: the primary answers, and few lists try the replica.
        caplog.clear()
        for end in (lambda: pair.replica.signal(signal.SIGSTOP), pair.replica.kill):
            before = reads("failed")
            end()
            await eventually(lambda old=before: there.tries(lambda: reads("failed") >= old + 2))
            await agree(["first"])
            await here.comments.publish(6, VIDEO, "unseen")
            (row, *_), _ = await there.comments.by_video(VIDEO, NEWEST, 50)
            assert row.content == "unseen"
            await here.comments.delete(row)
            await agree(["first"])
        assert caplog.text.count(told) == 2  # once for each database
        pair.replica.start()
        await reads_the_replica(pair, lambda: agree(["first"]), there)


async def reads_the_replica(
    pair: Replicated, agree: Callable[[], Awaitable[None]], process: Process
) -> None:
    """Check the lists until all of them come from the replica, and count them there."""
    before = reads("current")
    await eventually(lambda: process.tries(lambda: reads("current") >= before + 2))

    async def all_current() -> bool:
        before, others = reads("current"), sum(map(reads, ("behind", "failed", "resting")))
        at_replica = listed(pair.replica)
        await agree()
        served = reads("current") - before
        assert listed(pair.replica) - at_replica >= served
        return served >= 6 and others == sum(map(reads, ("behind", "failed", "resting")))

    await eventually(all_current)
