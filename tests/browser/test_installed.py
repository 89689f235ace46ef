"""The page as an installed application: its manifest, its service worker, a new version."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from aiohttp import web
from browser.visitor import PHONE, STORY
from playwright.async_api import expect

from api import page as page_module
from api.page import FOLDER, page_routes

pytestmark = STORY

CONTROLLED = """() => new Promise((done) => {
    const workers = navigator.serviceWorker;
    if (workers.controller) done();
    else workers.addEventListener('controllerchange', () => done(), { once: true });
})"""
KEPT = """async () => {
    const names = await caches.keys();
    const requests = await Promise.all(
        names.map(async (name) => (await caches.open(name)).keys()));
    return [names.length, requests.flat().map(({ url }) => new URL(url).pathname)];
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def copy(tmp_path: Path, monkeypatch) -> AsyncIterator[tuple[str, Path]]:
    """The page alone, served from a copy of its folder: its address and the folder."""
    folder = shutil.copytree(FOLDER, tmp_path / "web")
    monkeypatch.setattr(page_module, "FOLDER", folder)

    async def nothing(_: web.Request) -> web.Response:
        return web.json_response({"status_code": 0, "video_list": [], "next_time": 0})

    app = web.Application()
    app.add_routes([*page_routes(), web.get("/douyin/{path:.*}", nothing)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/", folder
    await runner.cleanup()


async def test_without_a_network_the_page_is_shown_and_goes_on_when_it_is_back(
    visit, registered, published
):
    title = await published((await registered("ann"))[1])
    visitor = await visit(PHONE, workers=True)
    page = visitor.page
    await page.evaluate(CONTROLLED)
    await visitor.playing(visitor.card(title))
    versions, paths = await page.evaluate(KEPT)
    assert versions == 1
    assert {path for path in paths if path != "/"} == {
        f"/web/{file.name}"
        for file in FOLDER.iterdir()
        if file.suffix != ".png" and file.name not in {"index.html", "sw.js"}
    }
    await page.context.set_offline(True)
    await page.goto(page.url.partition("#")[0] + "#/nope")
    await page.reload()
    await expect(page.get_by_role("heading", name="没有这个页面")).to_be_visible()
    await visitor.go("推荐")
    await visitor.shot("offline")
    await page.context.set_offline(False)
    await visitor.playing(visitor.card(title))
    visitor.expect_fault("ERR_INTERNET_DISCONNECTED")


async def test_a_new_version_replaces_the_old_one_as_a_whole_between_two_pages(visit, copy):
    url, folder = copy
    visitor = await visit(PHONE, workers=True)
    page = visitor.page
    await page.goto(url)
    await page.evaluate(CONTROLLED)
    texts = folder / "texts.zh.js"
    texts.write_text(texts.read_text().replace("朋友", "好友"))
    await page.evaluate(
        """async () => {
            const changed = new Promise((done) =>
                navigator.serviceWorker.addEventListener('controllerchange', done));
            await (await navigator.serviceWorker.ready).update();
            await changed;
        }"""
    )
    friends = page.locator("[data-nav=friends]")
    await expect(friends).to_have_text("朋友")  # nothing changes under the reader
    await page.evaluate("location.hash = '#/nope'")
    await expect(friends).to_have_text("好友")
    assert (await page.evaluate(KEPT))[0] == 1


async def test_the_browser_finds_nothing_that_hinders_the_installation(visit):
    visitor = await visit(PHONE, workers=True)
    await visitor.page.evaluate(CONTROLLED)
    session = await visitor.page.context.new_cdp_session(visitor.page)
    manifest = await session.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert manifest["url"].endswith("/web/app.webmanifest")
    hindrances = (await session.send("Page.getInstallabilityErrors"))["installabilityErrors"]
    # Windows of tests are like private ones, which install nothing.
    assert [each["errorId"] for each in hindrances if each["errorId"] != "in-incognito"] == []
