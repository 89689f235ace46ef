"""What the cases need: people, videos, likes, follows, comments and chats of known sizes."""

import asyncio
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from scripts.clips import make_clip

T = TypeVar("T")

PEOPLE = 110
VIDEOS = 60
LIKES = 50
FOLLOWS = 100
COMMENTS = 100
MESSAGES = 20
PASSWORD = "benchmark-password"  # noqa: S105 - of people who exist for the benchmark only


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signed up for the benchmark."""

    id: int
    name: str
    token: str


@dataclass(frozen=True, slots=True)
class Population:
    """Who and what there is; `people[0]` likes 50, follows 100, publishes 60, chats with all."""

    people: list[Person]
    videos: list[int]
    clip: Path


class Refused(Exception):
    """The API answered with a failure: its message."""


async def populate(url: str, folder: Path) -> Population:
    """Fill the system at `url` through its HTTP API.

    Raises:
        Refused: a call failed.
    """
    clip = folder / "clip.mp4"
    await asyncio.to_thread(make_clip, clip, seed=1, seconds=2.0)
    async with aiohttp.ClientSession(url) as session:
        people = await _gather(_register(session, f"bench-{n}") for n in range(PEOPLE))
        first = people[0]
        for n in range(VIDEOS):
            await publish(session, first, clip, f"bench {n}")
        answer = await call(session, "GET", "/douyin/publish/list/", token=first.token)
        videos = [video["id"] for video in answer["video_list"]]
        await _gather(_like(session, first, video) for video in videos[:LIKES])
        await _gather(_follow(session, first, other) for other in people[1 : FOLLOWS + 1])
        await _gather(_comment(session, people[n % PEOPLE], videos[0], n) for n in range(COMMENTS))
        for other in people[1:]:
            await _gather(_message(session, first, other, n) for n in range(MESSAGES))
    return Population(people, videos, clip)


async def call(session: aiohttp.ClientSession, method: str, path: str, **query: object) -> Any:
    """Call one endpoint with its arguments in the query and return the decoded answer.

    Raises:
        Refused: the envelope says failure.
    """
    parameters = {name: str(value) for name, value in query.items()}
    async with session.request(method, path, params=parameters) as response:
        return _checked(await response.json())


async def publish(session: aiohttp.ClientSession, who: Person, clip: Path, title: str) -> None:
    """Upload `clip` as `who`."""
    form = aiohttp.FormData()
    form.add_field("token", who.token)
    form.add_field("title", title)
    form.add_field("data", clip.read_bytes(), filename="clip.mp4", content_type="video/mp4")  # noqa: ASYNC240
    async with session.post("/douyin/publish/action/", data=form) as response:
        _checked(await response.json())


def _checked(answer: Any) -> Any:
    if answer["status_code"] != 0:
        raise Refused(answer["status_msg"])
    return answer


async def _gather(calls: Iterable[Awaitable[T]]) -> list[T]:
    turns = asyncio.Semaphore(16)

    async def in_turn(call: Awaitable[T]) -> T:
        async with turns:
            return await call

    return await asyncio.gather(*map(in_turn, calls))


async def _register(session: aiohttp.ClientSession, name: str) -> Person:
    path = "/douyin/user/register/"
    answer = await call(session, "POST", path, username=name, password=PASSWORD)
    return Person(answer["user_id"], name, answer["token"])


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
