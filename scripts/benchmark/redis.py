"""Follows, likes, messages and lists on one Redis and on a cluster of this machine, in one run.

    python -m scripts.benchmark.redis

Prints for each call: its time alone, and the CPU of this process and of all Redis processes with 32
calls at once.
"""

import asyncio
import itertools
import re
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import uvloop

from favoritemicro.dal.favorite import Favorites
from favoritemicro.dal.mirrored import MirroredLikes
from microkit.config import load
from microkit.paging import NEWEST
from microkit.storage.redis import Redis, open_redis
from microkit.storage.settings import RedisSettings
from relationmicro.dal.follow import Follows
from relationmicro.dal.message import Messages
from relationmicro.dal.mirrored import MirroredEdges
from scripts import servers
from scripts.redis_cluster import RedisCluster, redis_cluster

_ALONE: Final = 200
_AT_ONCE: Final = 32
_CALLS: Final = 1600
_PEOPLE: Final = 200
_VIDEOS: Final = 600

Call = Callable[[int], Awaitable[object]]
"""Makes the n-th call."""


async def cases(redis: Redis) -> dict[str, Call]:
    """Fill Redis and return the calls to measure, by name."""
    follows, favorites, messages = Follows(redis), Favorites(redis), Messages(redis)
    edges, likes = MirroredEdges(redis), MirroredLikes(redis)
    people = range(1, _PEOPLE + 1)
    pairs = [(a, b) for a, b in itertools.product(people, people) if a != b and (a + b) % 2]
    for at in range(0, len(pairs), 500):
        await asyncio.gather(*(follows.follow(*pair) for pair in pairs[at : at + 500]))
    for person in people:
        await asyncio.gather(*(favorites.like(person, 7 * n, n % 60 + 1) for n in range(1, 51)))
        await asyncio.gather(
            *(messages.send(person, person % _PEOPLE + 1, "你好") for _ in range(20))
        )
    thirty = list(range(7, 7 * 31, 7))
    hundred = list(range(1, 101))

    def one(n: int) -> int:
        return n % _PEOPLE + 1

    return {
        "follow": lambda n: follows.follow(one(n), 10**6 + n),
        "follow, a script per lane": lambda n: edges.follow(one(n), 2 * 10**6 + n),
        "like": lambda n: favorites.like(one(n), 10**6 + n % _VIDEOS * 1000 + n, n % 60 + 1),
        "like, a script per lane": lambda n: likes.like(one(n), 10**8 + n, n % 60 + 1),
        "message": lambda n: messages.send(one(n), one(n + 1), "你好"),
        "follow list (100 ids)": lambda n: follows.following(one(n), NEWEST, 100),
        "friend list (100 ids)": lambda n: follows.friends(one(n), NEWEST, 100),
        "favorite list (50 ids)": lambda n: favorites.given_by(one(n), NEWEST, 50),
        "chat (20)": lambda n: messages.between(one(n), one(n + 1), NEWEST, 20),
        "follow counts of 100 people": lambda _: follows.count_columns(hundred),
        "like counts of 30 videos": lambda _: favorites.video_column(thirty),
        "newest message with 100 people": lambda n: messages.newest(one(n), hundred),
    }


async def measure(url: str, cpu: Callable[[], float]) -> dict[str, tuple[float, ...]]:
    """Return (ms alone, client's CPU ms, Redis' CPU ms) of each case."""
    measured = {}
    async with open_redis(load(RedisSettings, {}, redis_url=url)) as redis:
        number = itertools.count()
        for name, call in (await cases(redis)).items():
            await call(next(number))  # scripts are loaded
            times = []
            for _ in range(_ALONE):
                began = time.perf_counter()
                await call(next(number))
                times.append(time.perf_counter() - began)
            client, server = time.process_time(), cpu()
            for _ in range(_CALLS // _AT_ONCE):
                await asyncio.gather(*(call(next(number)) for _ in range(_AT_ONCE)))
            used = (time.process_time() - client, cpu() - server)
            measured[name] = (
                sorted(times)[_ALONE // 2] * 1e3,
                *(each / _CALLS * 1e3 for each in used),
            )
    return measured


def _seconds(info: str) -> float:
    """Return the CPU seconds in a reply to ``INFO cpu``."""
    found = re.findall(r"^used_cpu_(?:sys|user):([\d.]+)", info, re.MULTILINE)
    return sum(map(float, found))


def _cpu_of_one(socket: Path) -> float:
    return _seconds(servers.ask_redis(socket, b"INFO cpu\r\n").decode())


def _cpu_of_all(cluster: RedisCluster) -> float:
    return sum(_seconds(node.ask("INFO", "cpu")) for node in cluster.nodes)


def main() -> None:
    """Measure both and print a table."""
    with ExitStack() as stack:
        server = stack.enter_context(servers.redis())
        cluster = stack.enter_context(redis_cluster())
        one = uvloop.run(measure(server.url, lambda: _cpu_of_one(server.socket)))
        many = uvloop.run(measure(cluster.url, lambda: _cpu_of_all(cluster)))
    row = "| {:32} | {:>6} | {:>6} | {:>6} | {:>6} | {:>6} | {:>6} |\n"
    titles = ("ms", "client", "Redis")
    sys.stdout.write(row.format("one Redis, then a cluster", *titles, *titles))
    for name, values in one.items():
        sys.stdout.write(row.format(name, *(f"{value:.3f}" for value in values + many[name])))


if __name__ == "__main__":
    main()
