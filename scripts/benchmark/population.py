"""The population that the cases need, made through the HTTP API.

200 people; the first 60 publish 680 videos. Lists of a known length have 20 owners or more, so that
concurrent requests ask for different ones. The rest is drawn from a seed: equal in every run.
"""

import asyncio
import json
import random
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import aiohttp

from scripts.clips import make_clip

T = TypeVar("T")

PEOPLE: Final = 200
AUTHORS: Final = 60
PROLIFIC: Final = 20
PUBLISHED: Final = 30
PUBLISHED_BY_OTHERS: Final = 2
LIKES: Final = 50
MORE_LIKES: Final = 550
FOLLOWS: Final = 100
MORE_FOLLOWS: Final = 2000
COMMENTED: Final = 20
COMMENTS: Final = 100
MORE_COMMENTS: Final = 600
CHATS: Final = 100
MESSAGES: Final = 20
PAGE: Final = 20
FOLLOW_LIST: Final = "/douyin/relation/follow/list/"
COMMENT_LIST: Final = "/douyin/comment/list/"
PASSWORD: Final = "benchmark-password"  # noqa: S105 - of people who exist for the benchmark only

_SEED: Final = 13
_NEWEST: Final = 60
_ATTEMPTS: Final = 10
_AT_ONCE: Final = 16
_HEAVY_AT_ONCE: Final = 2  # uploads and password hashes
_SHOWN: Final = "/douyin/publish/list/"


@dataclass(frozen=True, slots=True)
class Person:
    """An account, signed in."""

    id: int
    name: str
    token: str


@dataclass(frozen=True, slots=True)
class Population:
    """What the system holds.

    `videos` are ids in the order of their publication, `chats` pairs who exchanged `MESSAGES`
    messages, `clip` is the file that every video was made of. `pages` has, by path of a list and by
    its owner or video, the cursor of the page after the first `PAGE` entries.
    """

    people: list[Person]
    videos: list[int]
    chats: list[tuple[Person, Person]]
    clip: Path
    pages: dict[str, dict[int, int]]

    @property
    def publishers(self) -> list[Person]:
        """Those with `PUBLISHED` videos each."""
        return self.people[:PROLIFIC]

    @property
    def likers(self) -> list[Person]:
        """Those who like at least `LIKES` videos each."""
        return self.people[AUTHORS : AUTHORS + 20]

    @property
    def followers(self) -> list[Person]:
        """Those who follow at least `FOLLOWS` people each."""
        return self.people[AUTHORS + 20 : AUTHORS + 40]

    @property
    def others(self) -> list[Person]:
        """Those whose own lists no case reads: the cases that write act as them."""
        return self.people[AUTHORS + 40 :]

    @property
    def commented(self) -> list[int]:
        """The videos with `COMMENTS` comments each."""
        return self.videos[: COMMENTED * 7 : 7]

    @property
    def newest(self) -> list[int]:
        """The videos on the feed's first two pages."""
        return self.videos[-_NEWEST:]


class Refused(Exception):
    """The API answered with a failure: its message."""


async def populate(url: str, folder: Path) -> Population:
    """Fill the system at `url`, which is empty; `folder` takes the clip.

    Raises:
        Refused: a call failed.
    """
    clip = folder / "clip.mp4"
    if not clip.exists():
        await asyncio.to_thread(make_clip, clip, seed=1, seconds=2.0)
    random_ = random.Random(_SEED)
    async with aiohttp.ClientSession(url) as session:
        people = await _gather(
            (_register(session, f"bench-{n}") for n in range(PEOPLE)), at_once=_HEAVY_AT_ONCE
        )
        videos = await _publish_all(session, people, clip, random_)
        chats = [_pair(random_, people) for _ in range(CHATS)]
        made = Population(people, videos, chats, clip, {})
        await _gather(_like(session, *like) for like in _likes(made, random_))
        await _gather(_follow(session, *follow) for follow in _follows(made, random_))
        await _gather(
            _comment(session, who, video, n)
            for n, (who, video) in enumerate(_comments(made, random_))
        )
        for n in range(MESSAGES):
            writers = chats if n % 2 else [(other, one) for one, other in chats]
            await _gather(_message(session, who, whom, n) for who, whom in writers)
        followers = [who.id for who in made.followers]
        made.pages[FOLLOW_LIST] = await _cursors(session, FOLLOW_LIST, "user_id", followers)
        made.pages[COMMENT_LIST] = await _cursors(session, COMMENT_LIST, "video_id", made.commented)
    return made


async def _cursors(
    session: aiohttp.ClientSession, path: str, name: str, ids: list[int]
) -> dict[int, int]:
    answers = await _gather(call(session, "GET", path, **{name: n, "count": PAGE}) for n in ids)
    # An older checkout has no pages: it answers the whole list each time.
    return {n: answer.get("next_cursor", 0) for n, answer in zip(ids, answers, strict=True)}


async def _publish_all(
    session: aiohttp.ClientSession, people: list[Person], clip: Path, random_: random.Random
) -> list[int]:
    plan = people[:PROLIFIC] * PUBLISHED + people[PROLIFIC:AUTHORS] * PUBLISHED_BY_OTHERS
    random_.shuffle(plan)
    await _gather(
        (publish(session, who, clip, f"bench {n}") for n, who in enumerate(plan)),
        at_once=_HEAVY_AT_ONCE,
    )
    shown = await _gather(call(session, "GET", _SHOWN, user_id=p.id) for p in people[:AUTHORS])
    return sorted(video["id"] for answer in shown for video in answer["video_list"])


def _likes(made: Population, random_: random.Random) -> Iterable[tuple[Person, int]]:
    likes = {(who, v) for who in made.likers for v in random_.sample(made.videos, LIKES)}
    fans = made.people[:AUTHORS] + made.others  # so that the lists above keep their length
    likes |= {(random_.choice(fans), random_.choice(made.newest)) for _ in range(MORE_LIKES)}
    return sorted(likes, key=lambda like: (like[0].id, like[1]))


def _follows(made: Population, random_: random.Random) -> Iterable[tuple[Person, Person]]:
    follows = set()
    for who in made.followers:
        known = random_.sample([p for p in made.people if p is not who], FOLLOWS)
        follows |= {(who, whom) for whom in known}
    fans = [p for p in made.people if p not in made.followers]
    while len(follows) < FOLLOWS * len(made.followers) + MORE_FOLLOWS:
        who, whom = random_.choice(fans), random_.choice(made.people)
        if who is not whom:
            follows.add((who, whom))
    return sorted(follows, key=lambda follow: (follow[0].id, follow[1].id))


def _comments(made: Population, random_: random.Random) -> Iterable[tuple[Person, int]]:
    for video in made.commented * COMMENTS:
        yield random_.choice(made.people), video
    quiet = [v for v in made.newest if v not in made.commented]
    for _ in range(MORE_COMMENTS):
        yield random_.choice(made.people), random_.choice(quiet)


def _pair(random_: random.Random, people: list[Person]) -> tuple[Person, Person]:
    one, other = random_.sample(people, 2)
    return one, other


async def call(session: aiohttp.ClientSession, method: str, path: str, **query: object) -> Any:
    """Call one endpoint with its arguments in the query and return the decoded answer.

    Raises:
        Refused: the envelope says failure.
    """
    parameters = {name: str(value) for name, value in query.items()}
    async with session.request(method, path, params=parameters) as response:
        return _checked(await response.read())


async def publish(session: aiohttp.ClientSession, who: Person, clip: Path, title: str) -> None:
    """Upload `clip` as `who`.

    Raises:
        Refused: the API did not take it.
    """
    form = aiohttp.FormData()
    form.add_field("token", who.token)
    form.add_field("title", title)
    form.add_field("data", clip.read_bytes(), filename="clip.mp4", content_type="video/mp4")  # noqa: ASYNC240
    async with session.post("/douyin/publish/action/", data=form) as response:
        _checked(await response.read())


def _checked(body: bytes) -> Any:
    answer = json.loads(body)
    if answer["status_code"] != 0:
        raise Refused(answer["status_msg"])
    return answer


async def _gather(calls: Iterable[Awaitable[T]], at_once: int = _AT_ONCE) -> list[T]:
    turns = asyncio.Semaphore(at_once)

    async def in_turn(call: Awaitable[T]) -> T:
        async with turns:
            return await call

    return await asyncio.gather(*map(in_turn, calls))


async def _register(session: aiohttp.ClientSession, name: str) -> Person:
    """Sign up; on a busy machine hashes, which have a low priority, may take too long."""
    path = "/douyin/user/register/"
    for attempt in range(_ATTEMPTS):
        tried = f"{name}-{attempt}"
        try:
            answer = await call(session, "POST", path, username=tried, password=PASSWORD)
        except Refused:
            continue
        return Person(answer["user_id"], tried, answer["token"])
    raise Refused(f"{name} cannot sign up")


async def _like(session: aiohttp.ClientSession, who: Person, video: int) -> None:
    path = "/douyin/favorite/action/"
    await call(session, "POST", path, token=who.token, video_id=video, action_type=1)


async def _follow(session: aiohttp.ClientSession, who: Person, whom: Person) -> None:
    path = "/douyin/relation/action/"
    await call(session, "POST", path, token=who.token, to_user_id=whom.id, action_type=1)


async def _comment(session: aiohttp.ClientSession, who: Person, video: int, n: int) -> None:
    path, text = "/douyin/comment/action/", f"第 {n} 条评论"
    arguments = {"video_id": video, "action_type": 1, "comment_text": text}
    await call(session, "POST", path, token=who.token, **arguments)


async def _message(session: aiohttp.ClientSession, who: Person, whom: Person, n: int) -> None:
    path, text = "/douyin/message/action/", f"第 {n} 条消息"
    arguments = {"to_user_id": whom.id, "action_type": 1, "content": text}
    await call(session, "POST", path, token=who.token, **arguments)
