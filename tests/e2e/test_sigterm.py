"""SIGTERM of the whole system under load: every request that was sent is answered."""

import asyncio
import itertools
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from e2e.apk import Apk, Person, opened
from fleet import eventually

CLIENTS = 4
# So many answers of each kind come before the signal.
BEFORE = 3


class Sender:
    """Sends requests until a connection is refused; counts answers and what was cut."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        # Otherwise the client sends a GET again, unnoticed, when its connection was cut.
        session._retry_connection = False
        self._session = session
        self.answered: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.cut: list[str] = []

    async def send(self, kind: str, verb: str, path: str, **options: Any) -> bool:
        """Return False once connections are refused."""
        try:
            async with self._session.request(verb, path, **options) as got:
                await got.read()
                self.statuses[got.status] += 1
        except aiohttp.ClientConnectorError:
            return False
        except aiohttp.ClientError as error:
            self.cut.append(f"{kind}: {error!r}")
        else:
            self.answered[kind] += 1
        return True

    async def repeat(self, kind: str, make: Callable[[int], tuple[str, str, dict]]) -> None:
        for n in itertools.count():
            verb, path, options = make(n)
            if not await self.send(kind, verb, path, **options):
                return


def load(apk_people: list[Person], video: int, clip: bytes) -> dict[str, Callable]:
    ann, bob = apk_people

    def api(verb: str, path: str, **query: object) -> tuple[str, str, dict]:
        return verb, f"/douyin/{path}/", {"params": {k: str(v) for k, v in query.items()}}

    def upload(n: int) -> tuple[str, str, dict]:
        form = aiohttp.FormData({"token": ann.token, "title": f"video {n}"})
        form.add_field("data", clip, filename="x.mp4", content_type="video/mp4")
        return "POST", "/douyin/publish/action/", {"data": form}

    return {
        "feed": lambda _: api("GET", "feed", token=ann.token),
        "comments": lambda _: api("GET", "comment/list", video_id=video),
        "comment": lambda n: api(
            "POST", "comment/action", token=ann.token, video_id=video, action_type=1,
            comment_text=f"comment {n}",
        ),
        "message": lambda n: api(
            "POST", "message/action", token=ann.token, to_user_id=bob.id, action_type=1,
            content=f"message {n}",
        ),
        "like": lambda n: api(
            "POST", "favorite/action", token=bob.token, video_id=video, action_type=n % 2 + 1
        ),
        "follow": lambda n: api(
            "POST", "relation/action", token=bob.token, to_user_id=ann.id, action_type=n % 2 + 1
        ),
        "login": lambda _: api("POST", "user/login", username="ann", password="secret"),
        "upload": upload,
    }  # fmt: skip


async def slow_body(clip: bytes, started: asyncio.Event, go_on: asyncio.Event) -> AsyncIterator:
    yield clip[: len(clip) // 2]
    started.set()
    await go_on.wait()
    yield clip[len(clip) // 2 :]


@pytest.mark.parametrize("workers", [1, 2])
async def test_every_request_that_was_sent_is_answered(
    up, clip: Path, figure, monkeypatch, workers
):
    monkeypatch.setenv("API_WORKERS", str(workers))
    system = up("--free-ports")
    content = await asyncio.to_thread(clip.read_bytes)
    async with opened(system.url) as setup, opened(system.url) as session:
        apk = Apk(setup)
        people = [await apk.register(name) for name in ("ann", "bob")]
        assert (await apk.publish(people[0], clip, "first"))["status_code"] == 0
        video = (await apk.get("feed"))["video_list"][0]["id"]

        sender = Sender(session)
        kinds = load(people, video, content)
        running = [
            asyncio.create_task(sender.repeat(kind, make))
            for kind, make in kinds.items()
            for _ in range(CLIENTS)
        ]
        started, go_on = asyncio.Event(), asyncio.Event()
        form = aiohttp.FormData({"token": people[0].token, "title": "slow"})
        body = slow_body(content, started, go_on)
        form.add_field("data", body, filename="x.mp4", content_type="video/mp4")
        slow = asyncio.create_task(
            sender.send("slow upload", "POST", "/douyin/publish/action/", data=form)
        )
        await started.wait()
        while min(sender.answered[kind] for kind in kinds) < BEFORE:  # noqa: ASYNC110 - a condition
            await asyncio.sleep(0.01)

        stopping = asyncio.create_task(asyncio.to_thread(system.stop, signal.SIGTERM))
        await eventually(lambda: "stopping" in system.log.read_text())
        await asyncio.sleep(0.2)  # the upload's second half arrives while the API drains
        go_on.set()
        await asyncio.gather(*running, slow)
        assert await stopping == 0
    assert sender.cut == []
    assert sender.answered["slow upload"] == 1
    assert "killed" not in system.log.read_text()
    figure(
        f"SIGTERM under load, API workers {workers}: {sender.answered.total()} requests of "
        f"{len(sender.answered)} kinds answered ({dict(sender.statuses)}), {len(sender.cut)} cut"
    )
