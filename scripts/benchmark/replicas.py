"""Lists with and without a read replica of MariaDB on this machine, in one run.

    python -m scripts.benchmark.replicas

Prints for each list: its time alone, and the CPU of this process, of the primary and of the replica
with 32 lists at once; on the primary alone, with a replica that is current, and with one that is
behind.
"""

import asyncio
import itertools
import random
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final, NamedTuple

import uvloop

import commentmicro
import videomicro
from commentmicro.dal.comment import Comments
from commentmicro.dal.model import Comment, CommentCount
from microkit.config import load
from microkit.paging import NEWEST
from microkit.service import Service
from microkit.storage.database import Database, open_database
from microkit.storage.settings import SqlSettings
from scripts.benchmark.processes import cpu_seconds
from scripts.servers import wait_for
from scripts.sql_servers import Replicated, Rows, SqlServer, replicated_mariadb
from videomicro.dal.found import FoundVideos
from videomicro.dal.merged import MergedVideos
from videomicro.dal.model import Video
from videomicro.dal.titles import Titles
from videomicro.dal.version import tick
from videomicro.dal.video import Videos

_ROUNDS: Final = 3
_ALONE: Final = 60
_AT_ONCE: Final = 32
_CALLS: Final = 480
_VIDEOS: Final = 20_000
_AUTHORS: Final = 400
_COMMENTED: Final = 60
_COMMENTS: Final = 120
_ROWS: Final = 1000  # of one statement

Call = Callable[[int], Awaitable[object]]
"""Reads the n-th list."""


class Cost(NamedTuple):
    """The cost of one list in ms: alone, and CPU of each process."""

    alone: float
    client: float
    primary: float
    replica: float


async def fill(videos: Database, comments: Database) -> None:
    """Write videos and comments, without the index of titles."""
    chance = random.Random(1)
    rows = [
        {
            "author_id": n % _AUTHORS + 1, "title": f"a title of the length of titles {n}",
            "play_url": f"videos/{n:032x}.mp4", "cover_url": f"covers/{n:032x}.jpg",
            "created_ms": n + 1, "deleted": False,
        }
        for n in range(_VIDEOS)
    ]  # fmt: skip
    said = [
        {
            "video_id": n % _COMMENTED + 1, "user_id": chance.randrange(1, 1000),
            "content": "a comment of the length of comments " * 2, "created_ms": n,
        }
        for n in range(_COMMENTED * _COMMENTS)
    ]  # fmt: skip
    counts = [
        {"video_id": n + 1, "count": _COMMENTS, "version": _COMMENTS} for n in range(_COMMENTED)
    ]
    for database, model, each in (
        (videos, Video, rows), (comments, Comment, said), (comments, CommentCount, counts),
    ):  # fmt: skip
        for at in range(0, len(each), _ROWS):
            await database.write(model.insert_many(each[at : at + _ROWS]))
    await videos.transaction(tick)


def cases(videos: Database, comments: Database) -> dict[str, Call]:
    """Return the lists to measure by name; none is cached."""
    rows, said = Videos(videos), Comments(comments)
    merged, found = MergedVideos(videos, rows), FoundVideos(Titles(videos), rows)
    authors = list(range(1, 6))
    return {
        "feed page (30)": lambda n: rows.feed(100 + n * 7 % (_VIDEOS - 200), 30),
        "an author's videos (30)": lambda n: rows.by_author(n % _AUTHORS + 1, NEWEST - n, 30),
        "videos of 5 authors (30)": lambda n: merged.newest(authors, _VIDEOS - n % 5000, 30),
        "hashtag, empty": lambda n: found.by_hashtag("none", NEWEST - n, 30),
        "comments (20)": lambda n: said.by_video(n % _COMMENTED + 1, NEWEST - n, 20),
        "comments (100)": lambda n: said.by_video(n % _COMMENTED + 1, NEWEST - n, 100),
    }


async def measure(call: Call, pair: Replicated, numbers: "itertools.count[int]") -> Cost:
    """Measure one list."""
    times = []
    for _ in range(_ALONE):
        began = time.perf_counter()
        await call(next(numbers))
        times.append(time.perf_counter() - began)
    pids = [server.pid for server in pair]
    before = [time.process_time(), *map(cpu_seconds, pids)]
    for _ in range(_CALLS // _AT_ONCE):
        await asyncio.gather(*(call(next(numbers)) for _ in range(_AT_ONCE)))
    after = [time.process_time(), *map(cpu_seconds, pids)]
    used = [(b - a) / _CALLS * 1e3 for a, b in zip(before, after, strict=True)]
    return Cost(sorted(times)[_ALONE // 2] * 1e3, *used)


async def compare(pair: Replicated) -> dict[str, list[list[Cost]]]:
    """Return the costs of each list: of each round on the primary, with a replica, one behind."""
    services: list[Service[Any]] = [videomicro.SERVICE, commentmicro.SERVICE]
    async with AsyncExitStack() as stack:

        async def opened(service: Service[Any], url: str) -> Database:
            own = load(SqlSettings, {}, database_url=url, store_timeout_ms=20_000)
            return await stack.enter_async_context(open_database(own, service.migrations()))

        for service in services:
            pair.primary.run(f"CREATE DATABASE {service.package}")
        alone = [await opened(each, f"{pair.primary.url}/{each.package}") for each in services]
        both = [await opened(each, pair.url(each.package)) for each in services]
        await fill(*alone)
        wait_for(lambda: _version(pair.replica) == _version(pair.primary))
        costs: dict[str, list[list[Cost]]] = {}
        numbers = itertools.count()
        for databases in [alone, both] * _ROUNDS:
            for name, call in cases(*databases).items():
                column = int(databases is both)
                costs.setdefault(name, [[], [], []])[column].append(
                    await measure(call, pair, numbers)
                )
        pair.replica.run("STOP SLAVE SQL_THREAD")
        await alone[0].transaction(tick)
        pair.primary.run("UPDATE commentmicro.comment_count SET version = version + 1")
        for _ in range(_ROUNDS):
            for name, call in cases(*both).items():
                costs[name][2].append(await measure(call, pair, numbers))
        return costs


def _version(server: SqlServer) -> Rows:
    return server.run("SELECT latest_ms FROM videomicro.video_clock")


def _median(costs: Sequence[Cost]) -> list[float]:
    return [sorted(each)[len(costs) // 2] for each in zip(*costs, strict=True)]


def main() -> None:
    """Measure and print a table."""
    with replicated_mariadb() as pair:
        costs = uvloop.run(compare(pair))
    row = "| {:28} |" + " {:>7} |" * 12 + "\n"
    sys.stdout.write(row.format("primary; current; behind", *(Cost._fields * 3)))
    for name, columns in costs.items():
        values = [each for column in columns for each in _median(column)]
        sys.stdout.write(row.format(name, *(f"{each:.3f}" for each in values)))


if __name__ == "__main__":
    main()
