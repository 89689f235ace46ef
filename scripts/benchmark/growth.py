"""``scripts/bench --growth``: the same pages with far more data in the stores.

At scale 1 the stores get a million users with a video each, ten follows and ten likes of every
user, and ten comments on every video; one user has all others as followers, one likes a hundred
thousand videos, and one video is liked by all and has a hundred thousand comments. The data are
written straight into the stores of a running system, because making them over HTTP would take days.
"""

import random
import socket
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urlencode, urlsplit

import hiredis

from favoritemicro.dal import keys as favorite
from relationmicro.dal import keys as relation
from scripts.benchmark.cases import Case
from scripts.benchmark.population import COMMENT_LIST, Population
from scripts.benchmark.system import System

T = TypeVar("T")

_USERS: Final = 1_000_000
_MANY: Final = 100_000
_EACH: Final = 10
_STEP: Final = 7919
_ROWS: Final = 20_000
_COMMANDS: Final = 2_000
_REQUESTS: Final = 1000
_PAUSE_SECONDS: Final = 0.5

# Ids far above those of the population, times far before it: the population keeps its pages.
_FIRST: Final = 10_000_000
_LONG_AGO_MS: Final = 1_577_836_800_000
_CELEBRITY: Final = _FIRST
_FAN: Final = _FIRST + 1
_FAMOUS: Final = _FIRST

Command = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Growth:
    """How much there is: `users` users and videos, `many` likes and comments of one."""

    users: int
    many: int

    @classmethod
    def of(cls, scale: float) -> "Growth":
        """Return the sizes of a scale; 1 is a million users."""
        return cls(max(100, round(_USERS * scale)), max(100, round(_MANY * scale)))

    def fill(self, system: System) -> None:
        """Write everything into the stores of a system, which keeps running."""
        self._fill_sql(system)
        redis = urlsplit(system.variable("relationmicro", "REDIS_URL"))
        with closing(_Redis(unquote(redis.path))) as store:
            store.run([("CONFIG", "SET", "appendonly", "no")])  # written as a whole at the end
            for commands in (self._follows(), self._likes()):
                for batch in _batches(commands, _COMMANDS):
                    store.run(batch)
            store.run([("CONFIG", "SET", "appendonly", "yes")])
            while b"aof_rewrite_in_progress:1" in store.run([("INFO", "persistence")]):
                time.sleep(_PAUSE_SECONDS)

    def cases(self) -> tuple[Case, ...]:
        """Return the cases that read what one user or video has very many of."""
        return (
            Case("followers of a celebrity, 100", self._follower_pages),
            Case("favorite list of a fan, 50", self._favorite_pages),
            Case("comments on a hit, 100", self._comment_pages),
        )

    def _fill_sql(self, system: System) -> None:
        tables: dict[str, dict[str, Iterable[tuple[Any, ...]]]] = {
            "usermicro": {
                "user (id, name, name_key, password_hash, avatar, background_image, signature,"
                " follow_count, follower_count, total_favorited, work_count, favorite_count)": (
                    (user, f"grown-{user}", f"grown-{user}".encode(), "", "a", "b", "s", *[0] * 5)
                    for user in self._ids()
                )
            },
            "videomicro": {
                "video (id, author_id, title, play_url, cover_url, created_ms, deleted)": (
                    (video, video, f"grown {video}", "v.mp4", "c.jpg", _LONG_AGO_MS + video, 0)
                    for video in self._ids()
                )
            },
            "commentmicro": {
                "comment_count (video_id, count)": (
                    (video, self._comments_on(video)) for video in self._ids()
                ),
                "comment (id, video_id, user_id, content, created_ms, deleted)": self._comments(),
            },
        }
        # Else the services would index the names and titles for an hour.
        last = self._ids()[-1]
        indexed = {
            "usermicro": ("UPDATE user_indexing SET done_id = ?", last),
            "videomicro": ("UPDATE video_indexing SET done_ms = ?", _LONG_AGO_MS + last),
        }
        for package, filled in tables.items():
            file = unquote(urlsplit(system.variable(package, "DATABASE_URL")).path)
            with closing(sqlite3.connect(file, timeout=60)) as database:
                for table, rows in filled.items():
                    _insert(database, table, rows)
                if package in indexed:
                    statement, progress = indexed[package]
                    with database:
                        database.execute(statement, (progress,))

    def _ids(self) -> range:
        return range(_FIRST, _FIRST + self.users)

    def _other(self, user: int, n: int) -> int:
        return _FIRST + (user - _FIRST + n * _STEP) % self.users

    def _comments_on(self, video: int) -> int:
        return self.many if video == _FAMOUS else _EACH

    def _comments(self) -> Iterator[tuple[Any, ...]]:
        comment = _FIRST
        for video in self._ids():
            for n in range(self._comments_on(video)):
                yield comment, video, self._other(video, n), "长大", _LONG_AGO_MS + comment, 0
                comment += 1

    def _follows(self) -> Iterator[Command]:
        for user in self._ids():
            whom = {self._other(user, n) for n in range(1, _EACH + 1)} | {_CELEBRITY} - {user}
            yield "ZADD", relation.following(user), *_scored(whom)
            who = {self._other(user, -n) for n in range(1, _EACH + 1)}
            yield "ZADD", relation.followers(user), *_scored(who)
        for fans in _batches(iter(self._ids()), _COMMANDS):
            yield "ZADD", relation.followers(_CELEBRITY), *_scored(set(fans) - {_CELEBRITY})

    def _likes(self) -> Iterator[Command]:
        for user in self._ids():
            liked = {self._other(user, n) for n in range(1, _EACH + 1)} | {_FAMOUS}
            yield "ZADD", favorite.given(user), *_scored(liked)
            yield "SADD", favorite.likers(user), *(self._other(user, -n) for n in range(1, 11))
            yield "SET", favorite.received(user), _EACH
            yield "HSET", favorite.authors(favorite.lane(user)), user, user
        for fans in _batches(iter(self._ids()), _COMMANDS):
            yield "SADD", favorite.likers(_FAMOUS), *fans
        for videos in _batches(iter(range(_FIRST, _FIRST + self.many)), _COMMANDS):
            yield "ZADD", favorite.given(_FAN), *_scored(videos)

    def _follower_pages(self, population: Population, _folder: Path) -> Iterator[str]:
        path = "/douyin/relation/follower/list/"
        return _pages(path, population, self._ids()[100:], user_id=_CELEBRITY, count=100)

    def _favorite_pages(self, population: Population, _folder: Path) -> Iterator[str]:
        ids = range(_FIRST + 50, _FIRST + self.many)
        return _pages("/douyin/favorite/list/", population, ids, user_id=_FAN, count=50)

    def _comment_pages(self, population: Population, _folder: Path) -> Iterator[str]:
        ids = range(_FIRST + 100, _FIRST + self.many)
        return _pages(COMMENT_LIST, population, ids, video_id=_FAMOUS, count=100)


def _pages(path: str, population: Population, cursors: range, **query: int) -> Iterator[str]:
    chance = random.Random(5)
    for _ in range(_REQUESTS):
        token = chance.choice(population.people).token
        asked = query | {"cursor": chance.choice(cursors)}
        yield f"GET {path}?{urlencode(asked)}&token={token}"


def _scored(members: Iterable[int]) -> Iterator[int]:
    """Give each member after its score, which is the member: cursors are scores."""
    for member in members:
        yield member
        yield member


def _insert(database: sqlite3.Connection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    slots = ", ".join("?" * (table.count(",") + 1))
    database.execute("PRAGMA synchronous = off")
    for batch in _batches(iter(rows), _ROWS):
        with database:
            database.executemany(f"INSERT INTO {table} VALUES ({slots})", batch)  # noqa: S608 - our own text


def _batches(items: Iterator[T], size: int) -> Iterator[list[T]]:
    take: Callable[[], list[T]] = lambda: list(islice(items, size))  # noqa: E731
    return iter(take, [])


class _Redis:
    """A blocking connection on which batches of commands are pipelined."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._reader = hiredis.Reader()

    def run(self, commands: list[Command]) -> Any:
        """Run commands and return the last reply."""
        self._socket.sendall(b"".join(map(hiredis.pack_command, commands)))  # type: ignore[arg-type]
        for _ in commands:
            while (reply := self._reader.gets()) is False:
                self._reader.feed(self._socket.recv(1 << 16))
            if isinstance(reply, hiredis.ReplyError):
                raise reply
        return reply

    def close(self) -> None:
        self._socket.close()
