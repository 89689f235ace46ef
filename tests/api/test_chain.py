"""Every request passes through all middlewares."""

from collections import Counter
from contextlib import AsyncExitStack

import aiohttp
import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from fleet import addresses

import api
from api import app as app_module
from api.app import application
from api.clients import Clients
from api.events import Events, Live
from api.media import MediaWorkers
from api.middleware import Target, chain
from api.notices import Notices
from api.pictures import Pictures
from api.protocol import Runner
from api.publishing import Publishing
from api.removing import Removing
from api.sessions import Sessions
from microkit.context import open_context
from microkit.storage.token_bucket import LimitStore


@pytest.fixture
def world() -> str:
    """The stores are irrelevant here."""
    return "embedded"


@pytest.fixture
def seen() -> Counter[str]:
    """The number of requests that the added middleware saw, by path."""
    return Counter()


@pytest.fixture(params=["outermost", "innermost", "link"])
async def url(request, fleet, settings, tmp_path, seen, monkeypatch):
    """The URL of an API with a middleware beside the chain, or with another link in it."""

    @web.middleware
    async def count(http: web.Request, handler) -> web.StreamResponse:
        seen[http.path] += 1
        return await handler(http)

    def counting(target: Target, handler: Handler) -> Handler:
        return lambda http: count(http, handler)

    if request.param == "link":
        monkeypatch.setattr(app_module, "chain", lambda by, links: chain(by, [counting, *links]))

    own = settings(**addresses(fleet.running), jwt_secret="a secret of at least thirty-two bytes")
    async with AsyncExitStack() as stack:
        context = await stack.enter_async_context(open_context(api.SERVICE, own))
        clients, objects = Clients.of(context), await context.objects()
        workers = await stack.enter_async_context(MediaWorkers())
        redis = await context.redis()
        notices = Notices(redis, own)
        app = application(
            own,
            clients=clients,
            objects=objects,
            limit_store=LimitStore(redis),
            sessions=Sessions(clients.users, 1),
            live=Live(notices, Events(notices, 1, 1)),
            publishing=Publishing(clients, objects, workers),
            pictures=Pictures(clients, objects, workers),
            removing=Removing(clients, objects),
            uploads=tmp_path,
            checks=context.checks,
            words=None,
        )
        if request.param != "link":
            at = {"outermost": 0, "innermost": len(app.middlewares)}[request.param]
            app.middlewares.insert(at, count)
        runner = Runner(app, access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"


REQUESTS = [
    ("GET", "/ping", 200),
    ("GET", "/", 200),
    ("GET", "/healthz", 200),
    ("GET", "/douyin/feed/", 200),
    ("POST", "/douyin/user/login/?username=a&password=b", 200),
    ("GET", "/douyin/message/chat/?token=wrong", 200),
    ("GET", "/douyin/nothing/", 404),
    ("DELETE", "/douyin/user/", 405),
    ("GET", "/nothing", 404),
    ("GET", "/objects/videos/nothing.mp4", 404),
    ("GET", "/objects/default/avatar.png", 200),
]


async def test_an_added_middleware_sees_every_request(url, seen):
    async with aiohttp.ClientSession(url) as session:
        for verb, path, status in REQUESTS:
            async with session.request(verb, path) as response:
                assert response.status == status, path
                request_id = response.headers.get("X-Request-Id", "")
                assert len(request_id) == (0 if path == "/ping" else 16), path
    assert seen == {path.partition("?")[0]: 1 for _, path, _ in REQUESTS}


async def test_an_added_middleware_sees_an_upload(url, seen, clip):
    async with aiohttp.ClientSession(url) as session:
        query = {"username": "author", "password": "secret"}
        async with session.post("/douyin/user/register/", params=query) as response:
            token = (await response.json())["token"]
        form = aiohttp.FormData({"token": token, "title": "标题"})
        form.add_field("data", clip.read_bytes(), filename="a.mp4")
        async with session.post("/douyin/publish/action/", data=form) as response:
            assert (await response.json())["status_code"] == 0
    assert seen["/douyin/publish/action/"] == 1
