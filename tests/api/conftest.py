"""The HTTP API in front of the five services, and a client like the APK."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import stores
from fleet import Fleet, addresses
from yarl import URL

from api import SERVICE
from microkit.config import Settings
from microkit.main import serve

SECRET = "a secret of at least thirty-two bytes"


@dataclass
class Http:
    """A client of one API."""

    session: aiohttp.ClientSession
    base: str
    admin: str
    fleet: Fleet
    settings: Settings

    async def get(self, path: str, **query: object) -> dict[str, Any]:
        return await self.call("GET", path, params=query)

    async def post(self, path: str, **query: object) -> dict[str, Any]:
        return await self.call("POST", path, params=query)

    async def call(self, verb: str, path: str, status: int = 200, **more: Any) -> dict[str, Any]:
        if "params" in more:
            more["params"] = {k: str(v) for k, v in more["params"].items()}
        async with self.session.request(verb, self.base + path, **more) as response:
            assert response.status == status, await response.text()
            assert response.content_type == "application/json"
            return await response.json()

    async def register(self, name: str, password: str = "secret") -> "Person":
        answer = await self.post("/douyin/user/register/", username=name, password=password)
        assert answer["status_code"] == 0, answer
        return Person(answer["user_id"], answer["token"])

    async def publish(self, person: "Person", clip: Path, title: str = "标题") -> dict[str, Any]:
        form = aiohttp.FormData()
        content = await asyncio.to_thread(clip.read_bytes)
        form.add_field("data", content, filename="../../x.mp4", content_type="video/mp4")
        form.add_field("token", person.token)
        form.add_field("title", title)
        return await self.call("POST", "/douyin/publish/action/", data=form)

    async def first_video(self, person: "Person") -> int:
        listed = await self.get("/douyin/publish/list/", user_id=person.id, token=person.token)
        return listed["video_list"][0]["id"]


@dataclass(frozen=True)
class Person:
    id: int
    token: str


@pytest.fixture
def client() -> type[Http]:
    """The class of clients, for tests of several APIs."""
    return Http


@pytest.fixture(params=["embedded", "real"])
def world(request: pytest.FixtureRequest) -> str:
    """The stores: all embedded, or all real servers; a test may ask for "cluster"."""
    kind: str = request.param
    return kind


@pytest.fixture
def database_url(request: pytest.FixtureRequest, world: str) -> Callable[[str], str]:
    return stores.database(request, "mariadb" if world == "real" else "sqlite")


@pytest.fixture
def redis_url(request: pytest.FixtureRequest, world: str) -> str:
    return stores.redis(request, "cluster" if world == "cluster" else "one")


@pytest.fixture
def store(request: pytest.FixtureRequest, world: str) -> stores.Store:
    return stores.store(request, "minio" if world == "real" else "file")


OpenHttp = Callable[..., AbstractAsyncContextManager[Http]]


@pytest.fixture
def open_http(
    fleet: Fleet, settings: Callable[..., Settings], tmp_path: Path, store: stores.Store
) -> OpenHttp:
    """Starts an API with settings of its own."""

    @asynccontextmanager
    async def opened(**overrides: object) -> AsyncIterator[Http]:
        own = settings(
            **addresses(fleet.running),
            jwt_secret=SECRET,
            objects_url=store.url,
            upload_dir=str(tmp_path / "uploads"),
            upload_max_mb=2,
            **overrides,
        )
        async with serve(SERVICE, own) as running, aiohttp.ClientSession() as session:
            urls = (f"http://127.0.0.1:{port}" for port in (running.port, running.admin_port))
            yield Http(session, *urls, fleet, own)

    return opened


@pytest.fixture
async def http(open_http: OpenHttp) -> AsyncIterator[Http]:
    async with open_http() as opened:
        yield opened


@dataclass(frozen=True)
class Site:
    session: aiohttp.ClientSession
    base: str

    def ask(self, path: str, verb: str = "GET", **more: Any):
        """Ask for a path as it is: a client would tidy it up."""
        return self.session.request(verb, URL(self.base + path, encoded=True), **more)


@pytest.fixture
async def site(settings, tmp_path) -> AsyncIterator[Site]:
    """The API alone: its pages are served without any service."""
    own = settings(jwt_secret=SECRET, upload_dir=str(tmp_path / "uploads"))
    async with serve(SERVICE, own) as running, aiohttp.ClientSession() as session:
        yield Site(session, f"http://127.0.0.1:{running.port}")
