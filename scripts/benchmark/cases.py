"""The cases: which requests each one replays, and what it should cost at most."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from scripts.benchmark.population import PASSWORD, Population


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the report.

    `targets` makes the lines to replay; `cpu_ms` is what a request may cost, all processes together
    (None: no bound).
    """

    name: str
    targets: Callable[[Population], Iterable[str]]
    cpu_ms: float | None = None


def _line(method: str, path: str, **query: object) -> str:
    return f"{method} {path}?{urlencode(query)}" if query else f"{method} {path}"


def _login(people: Population) -> Iterable[str]:
    for person in people.people:
        arguments = {"username": person.name, "password": PASSWORD}
        yield _line("POST", "/douyin/user/login/", **arguments)


def _both_ways(path: str, pairs: list[dict[str, object]]) -> Iterable[str]:
    # Every request changes an edge: all are made, then all are unmade.
    for action in (1, 2):
        for pair in pairs:
            yield _line("POST", path, **pair, action_type=action)


def _like(people: Population) -> Iterable[str]:
    return _both_ways(
        "/douyin/favorite/action/",
        [
            {"token": person.token, "video_id": video}
            for video in people.videos[:20]
            for person in people.people[1:]
        ],
    )


def _follow(people: Population) -> Iterable[str]:
    return _both_ways(
        "/douyin/relation/action/",
        [
            {"token": person.token, "to_user_id": other.id}
            for person in people.people[1:41]
            for other in people.people[41:101]
        ],
    )


def _for_viewers(path: str, **query: object) -> Callable[[Population], Iterable[str]]:
    return lambda people: (_line("GET", path, token=p.token, **query) for p in people.people[1:])


def _pages(_: Population) -> Iterable[str]:
    """Nobody asks for the same page, as when many scroll."""
    now = time.time_ns() // 1_000_000
    return (_line("GET", "/douyin/feed/", latest_time=now - n) for n in range(1000))


def _user(people: Population) -> Iterable[str]:
    for viewer, other in zip(people.people, reversed(people.people), strict=True):
        yield _line("GET", "/douyin/user/", user_id=other.id, token=viewer.token)


def _list_of_first(path: str) -> Callable[[Population], Iterable[str]]:
    def targets(people: Population) -> Iterable[str]:
        for viewer in people.people:
            yield _line("GET", path, user_id=people.people[0].id, token=viewer.token)

    return targets


def _comment_list(people: Population) -> Iterable[str]:
    for viewer in people.people:
        path = "/douyin/comment/list/"
        yield _line("GET", path, video_id=people.videos[0], token=viewer.token)


def _message(people: Population) -> Iterable[str]:
    for sender, receiver in zip(people.people[1:51], people.people[51:101], strict=True):
        pair = {"token": sender.token, "to_user_id": receiver.id}
        yield _line("POST", "/douyin/message/action/", **pair, action_type=1, content="hello")


def _poll(people: Population) -> Iterable[str]:
    first = people.people[0]
    for other in people.people[1:]:
        yield _line("GET", "/douyin/message/chat/", token=other.token, to_user_id=first.id)


CASES = (
    Case("ping", lambda _: [_line("GET", "/ping")], 0.04),
    Case("feed, anonymous", lambda _: [_line("GET", "/douyin/feed/")], 0.6),
    Case("feed, scrolling", _pages),
    Case("feed, signed in", _for_viewers("/douyin/feed/"), 0.9),
    Case("user", _user, 0.5),
    Case("publish list (60)", _list_of_first("/douyin/publish/list/"), 1.2),
    Case("favorite list (50)", _list_of_first("/douyin/favorite/list/"), 1.2),
    Case("follow list (100)", _list_of_first("/douyin/relation/follow/list/"), 1.2),
    Case("comment list (100)", _comment_list, 1.2),
    Case("chat poll (20)", _poll, 0.25),
    Case("message", _message, 0.25),
    Case("follow, unfollow", _follow, 0.25),
    Case("like, unlike", _like, 0.3),
    Case("login", _login),
)
