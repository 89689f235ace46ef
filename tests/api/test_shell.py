"""The service worker's script: one version for one content of the page's files."""

import json
import shutil

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from api import page
from api.page import FOLDER, page_routes


@pytest.fixture
async def client(tmp_path, monkeypatch):
    """A client of the page, which is served from a copy of its folder."""
    monkeypatch.setattr(page, "FOLDER", shutil.copytree(FOLDER, tmp_path / "web"))
    app = web.Application()
    app.add_routes(page_routes())
    async with TestClient(TestServer(app)) as opened:
        yield opened


async def shell(client):
    async with client.get("/sw.js") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-cache"
        first, _, script = (await answer.text()).partition("\n")
    assert script == (FOLDER / "sw.js").read_text()
    return json.loads(first.removeprefix("self.SHELL = ").removesuffix(";"))


async def test_the_worker_keeps_every_file_of_the_page_but_icons_and_itself(client):
    files = (await shell(client))["files"]
    assert files[0] == "/"
    assert {"/web/main.js", "/web/base.css", "/web/icon.svg", "/web/app.webmanifest"} < set(files)
    assert not [name for name in files if name.endswith((".png", "sw.js", "index.html"))]
    for name in files:
        async with client.get(name) as answer:
            assert answer.status == 200


async def test_a_changed_file_is_a_new_version_and_an_unchanged_script_is_a_304(client):
    before = await shell(client)
    assert await shell(client) == before
    async with client.get("/sw.js") as answer:
        known = {"If-None-Match": answer.headers["ETag"]}
    async with client.get("/sw.js", headers=known) as answer:
        assert answer.status == 304
    for name in ("base.css", "index.html", "sw.js"):
        file = page.FOLDER / name
        original = file.read_bytes()
        file.write_bytes(original + b" ")
        async with client.get("/sw.js", headers=known) as answer:
            assert answer.status == 200
        file.write_bytes(original)
        async with client.get("/sw.js") as answer:  # the version is of the content, not of a time
            assert answer.headers["ETag"] == known["If-None-Match"]
