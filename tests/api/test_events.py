"""Events: open pages hear at once of messages and follows, in whatever process of the API."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import aiohttp
import pytest
from fleet import eventually

from api import events
from microkit.metrics import REGISTRY
from microkit.saturation import sample

CHANGED, HEARTBEAT = b"event: changed", b": still here"


@pytest.fixture
def world() -> str:
    """The stores are irrelevant here."""
    return "embedded"


@asynccontextmanager
async def page(http, person) -> AsyncIterator[aiohttp.StreamReader]:
    """A connected page; its first event is read."""
    headers = {"Authorization": f"Bearer {person.token}"}
    url = f"{http.base}/douyin/message/events/"
    async with http.session.get(url, headers=headers) as response:
        assert response.status == 200, await response.text()
        assert response.content_type == "text/event-stream"
        assert await line(response.content) == CHANGED
        yield response.content


async def line(stream: aiohttp.StreamReader) -> bytes:
    """The next line that says something; empty at the end."""
    async with asyncio.timeout(60):
        while text := await stream.readline():
            if text.strip() not in (b"", b"data:"):
                return text.strip()
    return b""


def connected() -> float:
    sample()
    labels = {"resource": "admission", "name": "events"}
    return REGISTRY.get_sample_value("resource_in_use", labels) or 0.0


async def test_pages_of_every_api_hear_of_messages_reads_and_follows(open_http):
    async with open_http() as here, open_http() as there:
        one, other, third = [await here.register(name) for name in ("one", "other", "third")]
        async with page(here, one) as sender, page(there, other) as far, page(here, other) as near:
            act = {"token": one.token, "to_user_id": other.id, "action_type": 1}
            for path, more in (("message/action", {"content": "hello"}), ("relation/action", {})):
                answer = await here.post(f"/douyin/{path}/", **act, **more)
                assert answer["status_code"] == 0
                assert [await line(each) for each in (near, far, sender)] == [CHANGED] * 3
            mark = {"token": other.token, "to_user_id": one.id, "read_until": 10**12}
            assert (await there.post("/douyin/message/read/", **mark))["status_code"] == 0
            assert [await line(each) for each in (near, far)] == [CHANGED] * 2
            async with page(there, third) as stranger:
                act = {"token": third.token, "to_user_id": one.id, "action_type": 1}
                await there.post("/douyin/relation/action/", **act)
                assert [await line(each) for each in (stranger, sender)] == [CHANGED] * 2
        await eventually(lambda: connected() == 0)


async def test_connections_are_bounded_and_freed_when_a_page_leaves(open_http):
    async with open_http(events_per_account=1, events_at_once=2) as http:
        one, other, third = [await http.register(name) for name in ("one", "other", "third")]

        async def refused(person) -> None:
            path = "/douyin/message/events/"
            answer = await http.call("GET", path, status=503, params={"token": person.token})
            assert answer == {"status_code": 10006, "status_msg": events.NoRoom.default}

        async with page(http, one):
            await refused(one)
            async with page(http, other):
                await refused(third)
        await eventually(lambda: connected() == 0)
        async with page(http, third):
            pass
        answer = await http.get("/douyin/message/events/", token="forged")
        assert answer["status_code"] == 10004


async def test_a_page_gets_signs_of_life_until_its_login_ends_or_the_api_stops(
    open_http, monkeypatch
):
    monkeypatch.setattr(events.Events.__init__, "__defaults__", (0.05,))
    async with open_http() as http:
        person = await http.register("person")
        async with page(http, person) as stream:
            assert [await line(stream) for _ in range(3)] == [HEARTBEAT] * 3
    monkeypatch.setattr(events.Events.__init__, "__defaults__", (60.0,))
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        async with open_http(stop_grace_seconds=60) as http:
            connection = page(replace(http, session=session), await http.register("another"))
            stream = await stack.enter_async_context(connection)
        # The API has stopped, without waiting for the page to leave.
        assert await line(stream) == b""


async def test_a_blocked_person_wakes_no_page_of_who_blocks(open_http, monkeypatch):
    monkeypatch.setattr(events.Events.__init__, "__defaults__", (0.05,))
    async with open_http() as http:
        me, blocked, friend = [await http.register(name) for name in ("me", "blocked", "friend")]
        follow = {"token": blocked.token, "to_user_id": me.id}
        write = {"to_user_id": me.id, "action_type": 1, "content": "hello"}
        await http.post("/douyin/message/action/", token=blocked.token, **write)
        async with page(http, me) as stream:
            block = {"token": me.token, "to_user_id": blocked.id, "action_type": 1}
            assert (await http.post("/douyin/block/action/", **block))["status_code"] == 0
            while await line(stream) != CHANGED:
                pass
            assert await unread(http, me) == []
            for action in (1, 2):
                await http.post("/douyin/relation/action/", **follow, action_type=action)
            await http.post("/douyin/message/action/", token=blocked.token, **write)
            # An event follows within 0.25 s: after the signs of life of a second none is coming.
            assert {await line(stream) for _ in range(20)} == {HEARTBEAT}
            await http.post("/douyin/message/action/", token=friend.token, **write)
            while await line(stream) != CHANGED:
                pass
            assert await unread(http, me) == [(friend.id, 1)]


async def unread(http, person):
    inbox = await http.get("/douyin/message/inbox/", token=person.token)
    return [(each["user"]["id"], each["unread"]) for each in inbox["conversation_list"]]
