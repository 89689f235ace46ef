"""A publish whose outcome is not known: the objects stay as long as the row may come."""

import asyncio
import functools

import pytest
from fleet import eventually

import api.server
from api.publishing import Publishing
from microkit.errors import Unavailable
from videomicro.handler import VideoHandler


@pytest.fixture
def world() -> str:
    """The stores are irrelevant here."""
    return "embedded"


class Overtaken:
    """A videoservice that fails to create a video, and creates it after it was asked for it.

    `answers` has what it said of the object: at once, and to each poll.
    """

    def __init__(self) -> None:
        self.answers: list[list[str]] = []
        self.polled = asyncio.Event()
        self.creating: list[asyncio.Task] = []


@pytest.fixture
async def overtaken(monkeypatch) -> Overtaken:
    """Also makes the API poll soon."""
    state = Overtaken()
    create, used = VideoHandler.CreateVideoMethod, VideoHandler.GetUsedKeysMethod

    async def create_later(self, request):
        async def later() -> None:
            await state.polled.wait()
            await create(self, request)

        state.creating.append(asyncio.create_task(later()))
        raise Unavailable

    async def answer(self, request):
        response = await used(self, request)
        state.answers.append(response.keys)
        if len(state.answers) == 2:
            state.polled.set()
            await state.creating[0]
        return response

    monkeypatch.setattr(VideoHandler, "CreateVideoMethod", create_later)
    monkeypatch.setattr(VideoHandler, "GetUsedKeysMethod", answer)
    soon = functools.partial(Publishing, settle_seconds=0.05)
    monkeypatch.setattr(api.server, "Publishing", soon)
    return state


async def test_an_answer_that_overtakes_the_call_removes_no_object(overtaken, http, clip):
    person = await http.register("ann")
    failed = await http.publish(person, clip)
    assert failed["status_code"] == Unavailable.code
    await eventually(lambda: len(overtaken.answers) == 3)
    first, poll, second_poll = overtaken.answers
    assert (first, poll, len(second_poll)) == ([], [], 1)
    (video,) = (await http.get("/douyin/publish/list/", user_id=person.id))["video_list"]
    for url in (video["play_url"], video["cover_url"]):
        async with http.session.get(url) as response:
            assert response.status == 200
