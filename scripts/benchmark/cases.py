"""The cases: which requests each one replays. Those that read come before those that write."""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from scripts.benchmark.population import (
    COMMENT_LIST,
    FOLLOW_LIST,
    PAGE,
    PASSWORD,
    Person,
    Population,
)

_BOUNDARY: Final = "a-line-between-the-parts"
_REQUESTS: Final = 2000
"""How many different requests a case replays before it starts over, where there are that many."""


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the report.

    Args:
        name: what the report calls it.
        lines: the requests to replay: "METHOD target", or "METHOD target FILE" with a multipart
            body; `folder` is where such files may be written.
        most: the most connections it is run with: what is limited in number would only be refused.
        beside: name of the case that loads the system at the same time, with 32 connections.
    """

    name: str
    lines: Callable[[Population, Path], Iterable[str]]
    most: int | None = None
    beside: str | None = None


def _line(method: str, path: str, **query: object) -> str:
    return f"{method} {path}?{urlencode(query)}" if query else f"{method} {path}"


def _random() -> random.Random:
    return random.Random(7)


def _ping(_population: Population, _folder: Path) -> Iterable[str]:
    yield _line("GET", "/ping")


def _feed_newest(_population: Population, _folder: Path) -> Iterable[str]:
    yield _line("GET", "/douyin/feed/")


def _feed_scrolling(_population: Population, _folder: Path) -> Iterable[str]:
    for latest in _times():
        yield _line("GET", "/douyin/feed/", latest_time=latest)


def _feed_newest_signed_in(population: Population, _folder: Path) -> Iterable[str]:
    for viewer in _shuffled(population.people):
        yield _line("GET", "/douyin/feed/", token=viewer.token)


def _feed_scrolling_signed_in(population: Population, _folder: Path) -> Iterable[str]:
    viewers = _shuffled(population.people)
    for n, latest in enumerate(_times()):
        viewer = viewers[n % len(viewers)]
        yield _line("GET", "/douyin/feed/", token=viewer.token, latest_time=latest)


def _user(population: Population, _folder: Path) -> Iterable[str]:
    chance = _random()
    for _ in range(_REQUESTS):
        viewer, shown = chance.choices(population.people, k=2)
        yield _line("GET", "/douyin/user/", user_id=shown.id, token=viewer.token)


def _publish_list(population: Population, _folder: Path) -> Iterable[str]:
    return _lists("/douyin/publish/list/", population, population.publishers)


def _favorite_list(population: Population, _folder: Path) -> Iterable[str]:
    return _lists("/douyin/favorite/list/", population, population.likers)


def _follow_list(population: Population, _folder: Path) -> Iterable[str]:
    return _lists(FOLLOW_LIST, population, population.followers)


def _follow_list_page(population: Population, _folder: Path) -> Iterable[str]:
    return _second_pages(FOLLOW_LIST, "user_id", population)


def _comment_list_page(population: Population, _folder: Path) -> Iterable[str]:
    return _second_pages(COMMENT_LIST, "video_id", population)


def _second_pages(path: str, name: str, population: Population) -> Iterator[str]:
    for viewer in _shuffled(population.people):
        for listed, cursor in population.pages[path].items():
            query = {name: listed, "cursor": cursor, "count": PAGE, "token": viewer.token}
            yield _line("GET", path, **query)


def _follower_list(population: Population, _folder: Path) -> Iterable[str]:
    return _lists("/douyin/relation/follower/list/", population, population.people)


def _lists(path: str, population: Population, owners: list[Person]) -> Iterator[str]:
    for viewer in _shuffled(population.people):
        for owner in owners[viewer.id % 2 :: 2]:
            yield _line("GET", path, user_id=owner.id, token=viewer.token)


def _comment_list(population: Population, _folder: Path) -> Iterable[str]:
    for viewer in _shuffled(population.people):
        for video in population.commented[viewer.id % 2 :: 2]:
            yield _line("GET", COMMENT_LIST, video_id=video, token=viewer.token)


def _friend_list(population: Population, _folder: Path) -> Iterable[str]:
    path = "/douyin/relation/friend/list/"
    for owner in _shuffled(population.people):
        yield _line("GET", path, user_id=owner.id, token=owner.token)


def _chat_whole(population: Population, _folder: Path) -> Iterable[str]:
    for one, other in population.chats:
        yield _line("GET", "/douyin/message/chat/", token=one.token, to_user_id=other.id)


def _chat_poll(population: Population, _folder: Path) -> Iterable[str]:
    now = _now_ms()
    for one, other in population.chats:
        query = {"token": one.token, "to_user_id": other.id, "pre_msg_time": now}
        yield _line("GET", "/douyin/message/chat/", **query)


def _message(population: Population, _folder: Path) -> Iterable[str]:
    chance = _random()
    for _ in range(_REQUESTS):
        one, other = chance.sample(population.people, 2)
        query = {"token": one.token, "to_user_id": other.id, "action_type": 1, "content": "你好"}
        yield _line("POST", "/douyin/message/action/", **query)


def _follow(population: Population, _folder: Path) -> Iterable[str]:
    pairs = [(who, whom) for who in population.others for whom in population.publishers]
    edges = [{"token": who.token, "to_user_id": whom.id} for who, whom in pairs]
    return _made_and_unmade("/douyin/relation/action/", edges)


def _like(population: Population, _folder: Path) -> Iterable[str]:
    chance = _random()
    edges = [
        {"token": who.token, "video_id": video}
        for who in population.others
        for video in chance.sample(population.videos, 20)
    ]
    return _made_and_unmade("/douyin/favorite/action/", edges)


def _made_and_unmade(path: str, edges: list[dict[str, object]]) -> Iterator[str]:
    """Every request changes an edge: all are made, then all are unmade."""
    _random().shuffle(edges)
    for action in (1, 2):
        for edge in edges:
            yield _line("POST", path, **edge, action_type=action)


def _comment(population: Population, _folder: Path) -> Iterable[str]:
    chance = _random()
    quiet = sorted(set(population.videos) - set(population.commented))
    for n in range(_REQUESTS):
        who, video = chance.choice(population.people), chance.choice(quiet)
        query = {"token": who.token, "video_id": video, "comment_text": f"第 {n} 条"}
        yield _line("POST", "/douyin/comment/action/", **query, action_type=1)


def _publish(population: Population, folder: Path) -> Iterable[str]:
    clip = population.clip.read_bytes()
    head = 'Content-Disposition: form-data; name="data"; filename="clip.mp4"'
    parts = f"--{_BOUNDARY}\r\n{head}\r\nContent-Type: video/mp4\r\n\r\n".encode()
    body = folder / "upload"
    body.write_bytes(parts + clip + f"\r\n--{_BOUNDARY}--\r\n".encode())
    for n, who in enumerate(population.others):
        query = {"token": who.token, "title": f"upload {n}"}
        yield f"{_line('POST', '/douyin/publish/action/', **query)} {body}"


def _login(population: Population, _folder: Path) -> Iterable[str]:
    for person in population.people:
        query = {"username": person.name, "password": PASSWORD}
        yield _line("POST", "/douyin/user/login/", **query)


def _times() -> Iterator[int]:
    """Nobody asks for the same page: each starts a millisecond earlier than the one before."""
    now = _now_ms()
    return (now - n for n in range(_REQUESTS))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _shuffled(people: list[Person]) -> list[Person]:
    return _random().sample(people, len(people))


FEED: Final = "feed signed in, newest"
CASES: Final = (
    Case("ping", _ping),
    Case("feed anonymous, newest", _feed_newest),
    Case("feed anonymous, scrolling", _feed_scrolling),
    Case(FEED, _feed_newest_signed_in),
    Case("feed signed in, scrolling", _feed_scrolling_signed_in),
    Case("user", _user),
    Case("publish list (30)", _publish_list),
    Case("favorite list (50)", _favorite_list),
    Case("follow list (100)", _follow_list),
    Case("follow list, page of 20", _follow_list_page),
    Case("follower list", _follower_list),
    Case("comment list (100)", _comment_list),
    Case("comment list, page of 20", _comment_list_page),
    Case("friend list", _friend_list),
    Case("chat, whole (20)", _chat_whole),
    Case("chat, nothing new", _chat_poll),
    Case("login", _login, most=8),
    Case("login under feed load", _login, most=1, beside=FEED),
    Case("message", _message),
    Case("follow, unfollow", _follow),
    Case("like, unlike", _like),
    Case("comment", _comment),
    Case("publish", _publish, most=4),
)
