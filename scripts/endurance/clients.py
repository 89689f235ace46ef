"""Honest clients: a mix of all kinds of requests at a constant rate, and their latencies."""

import asyncio
import itertools
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

from scripts.clips import make_clip

PASSWORD: Final = "secret-1"  # noqa: S105 - of people of the test
_PEOPLE: Final = 8
_VIDEOS: Final = 6
_PAGES: Final = 15.0
# Kinds of requests and how many of a thousand they are.
_MIX: Final = {
    "feed": 300, "anonymous feed": 80, "comments": 120, "poll": 150, "friends": 40,
    "published": 60, "liked": 40, "object": 60, "like": 60, "follow": 30, "message": 30,
    "comment": 20, "upload": 6, "login": 4,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """A registered user."""

    id: int
    token: str
    name: str


@dataclass(slots=True)
class Outcomes:
    """What clients saw: latencies in seconds, and answers that were not a success."""

    latencies: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)

    def percentile_ms(self, percent: float) -> float:
        """Return a percentile of the latencies in ms, 0 without any."""
        ordered = sorted(self.latencies)
        if not ordered:
            return 0.0
        return 1e3 * ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


class Clients:
    """People who use one system. Call `prepare` first."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._random = random.Random(7)
        self._numbers = itertools.count()
        self.people: list[Person] = []
        self.videos: list[dict[str, Any]] = []
        self.clip = b""

    async def prepare(self) -> None:
        """Register people and publish videos."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "clip.mp4")
            await asyncio.to_thread(make_clip, path, seed=1, seconds=1)
            self.clip = await asyncio.to_thread(path.read_bytes)
        for n in range(_PEOPLE):
            name = f"person {n} {random.randrange(10**9)}"
            answer = await self.api("POST", "user/register", username=name, password=PASSWORD)
            self.people.append(Person(answer["user_id"], answer["token"], name))
        for n in range(_VIDEOS):
            await self.upload(self.people[n % _PEOPLE], f"video {n}")
        self.videos = (await self.api("GET", "feed"))["video_list"]

    async def api(self, verb: str, path: str, **query: object) -> dict[str, Any]:
        """Call the API and return the answer; raise ValueError if it is not a success."""
        texts = {name: str(value) for name, value in query.items()}
        async with self._session.request(verb, f"/douyin/{path}/", params=texts) as got:
            answer: dict[str, Any] = await got.json()
        if answer["status_code"]:
            raise ValueError(f"{path}: {answer['status_code']} {answer['status_msg']}")
        return answer

    async def upload(self, who: Person, title: str) -> None:
        """Publish a video."""
        form = aiohttp.FormData({"token": who.token, "title": title})
        form.add_field("data", self.clip, filename="x.mp4", content_type="video/mp4")
        async with self._session.post("/douyin/publish/action/", data=form) as got:
            answer = await got.json()
        if answer["status_code"]:
            raise ValueError(f"upload: {answer['status_code']} {answer['status_msg']}")

    async def run(self, rate: float, outcomes: Outcomes) -> None:
        """Send `rate` requests per second until cancelled, whether or not earlier ones ended."""
        kinds, weights = list(_MIX), list(_MIX.values())
        running: set[asyncio.Task[None]] = set()
        start = time.monotonic()
        try:
            for n in itertools.count():
                await asyncio.sleep(max(0.0, start + n / rate - time.monotonic()))
                kind = self._random.choices(kinds, weights)[0]
                task = asyncio.create_task(self._timed(kind, outcomes))
                running.add(task)
                task.add_done_callback(running.discard)
        finally:
            await asyncio.gather(*tuple(running))

    async def _timed(self, kind: str, outcomes: Outcomes) -> None:
        started = time.monotonic()
        try:
            await self._send(kind)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            outcomes.failed[f"{kind}: {type(error).__name__} {error}"[:120]] += 1
        else:
            if kind not in ("upload", "login"):  # they take long on purpose
                outcomes.latencies.append(time.monotonic() - started)

    async def _send(self, kind: str) -> None:
        n = next(self._numbers)
        who, other = self._random.sample(self.people, 2)
        video = self._random.choice(self.videos)
        act = {"token": who.token, "action_type": n % 2 + 1}
        own = {"token": who.token, "user_id": who.id}
        calls: dict[str, Callable[[], Any]] = {
            "feed": lambda: self.api("GET", "feed", token=who.token),
            "anonymous feed": lambda: self.api("GET", "feed"),
            "comments": lambda: self.api("GET", "comment/list", video_id=video["id"], count=30),
            "poll": lambda: self.api(
                "GET", "message/chat", token=who.token, to_user_id=other.id,
                pre_msg_time=int(1e3 * (time.time() - _PAGES)),
            ),
            "friends": lambda: self.api("GET", "relation/friend/list", **own),
            "published": lambda: self.api("GET", "publish/list", **own, count=30),
            "liked": lambda: self.api("GET", "favorite/list", **own),
            "object": lambda: self._object(video["play_url"]),
            "like": lambda: self.api("POST", "favorite/action", **act, video_id=video["id"]),
            "follow": lambda: self.api("POST", "relation/action", **act, to_user_id=other.id),
            "message": lambda: self.api(
                "POST", "message/action", token=who.token, to_user_id=other.id, action_type=1,
                content=f"message {n}",
            ),
            "comment": lambda: self.api(
                "POST", "comment/action", token=who.token, video_id=video["id"], action_type=1,
                comment_text=f"comment {n}",
            ),
            "upload": lambda: self.upload(who, f"video {n}"),
            "login": lambda: self.api(
                "POST", "user/login", username=who.name, password=PASSWORD
            ),
        }  # fmt: skip
        await calls[kind]()

    async def _object(self, url: str) -> None:
        headers = {"Range": "bytes=0-65535", "Connection": "close"}
        async with self._session.get(url, headers=headers) as got:
            await got.read()
            if got.status not in (200, 206):
                raise ValueError(f"object: HTTP {got.status}")


def opened(url: str) -> aiohttp.ClientSession:
    """Open a session for clients of the system at `url`."""
    timeout = aiohttp.ClientTimeout(total=30)
    return aiohttp.ClientSession(url, timeout=timeout, connector=aiohttp.TCPConnector(limit=64))
