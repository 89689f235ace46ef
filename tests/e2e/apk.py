"""A client that talks to the API as the APK does."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp


@dataclass(frozen=True)
class Person:
    id: int
    token: str
    name: str = ""


class Apk:
    """One client. Calls return the decoded envelope, or `status_code` -1 without a response."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self.slowest = 0.0
        self.unanswered = 0

    async def call(self, verb: str, path: str, **query: object) -> dict[str, Any]:
        parameters = {name: str(value) for name, value in query.items()}
        started = time.monotonic()
        try:
            async with self._session.request(verb, f"/douyin/{path}/", params=parameters) as got:
                return await got.json()
        except (aiohttp.ClientError, TimeoutError):
            self.unanswered += 1
            return {"status_code": -1}
        finally:
            self.slowest = max(self.slowest, time.monotonic() - started)

    async def get(self, path: str, **query: object) -> dict[str, Any]:
        return await self.call("GET", path, **query)

    async def read(self, path: str, **query: object) -> dict[str, Any]:
        """GET what has to be answered."""
        answer = await self.get(path, **query)
        assert answer["status_code"] == 0, (path, answer)
        return answer

    async def whole_list(self, path: str, field: str, **query: object) -> list[dict[str, Any]]:
        """Read all pages of a list."""
        items: list[dict[str, Any]] = []
        cursor = 0
        while True:
            answer = await self.read(path, **query, cursor=cursor)
            items += answer[field]
            cursor = answer["next_cursor"]
            if not cursor:
                return items

    async def post(self, path: str, **query: object) -> dict[str, Any]:
        return await self.call("POST", path, **query)

    async def register(self, name: str) -> Person:
        answer = await self.post("user/register", username=name, password="secret")
        assert answer["status_code"] == 0, answer
        return Person(answer["user_id"], answer["token"], name)

    async def publish(self, who: Person, clip: Path, title: str) -> dict[str, Any]:
        form = aiohttp.FormData()
        content = await asyncio.to_thread(clip.read_bytes)
        form.add_field("data", content, filename="x.mp4", content_type="video/mp4")
        form.add_field("title", title)
        form.add_field("token", who.token)
        try:
            async with self._session.post("/douyin/publish/action/", data=form) as got:
                return await got.json()
        except (aiohttp.ClientError, TimeoutError):
            return {"status_code": -1}

    async def bytes_of(self, url: str) -> bytes:
        async with self._session.get(url) as got:
            assert got.status == 200
            return await got.read()


def opened(url: str) -> aiohttp.ClientSession:
    timeout = aiohttp.ClientTimeout(total=120)
    return aiohttp.ClientSession(url, timeout=timeout, connector=aiohttp.TCPConnector(limit=0))
