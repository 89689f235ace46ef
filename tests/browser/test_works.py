"""Stories about one's own works."""

import re

import pytest
import pytest_asyncio
from browser.axe import findings
from browser.visitor import ENGLISH, STORY, unique
from clips import clip_of
from e2e.apk import Apk, opened
from e2e.conftest import System
from fleet import eventually
from playwright.async_api import expect

pytestmark = STORY


async def test_an_author_deletes_a_work_and_it_is_gone_everywhere(visit, registered, published):
    name, ann = await registered("ann")
    kept, gone = await published(ann, "kept"), await published(ann, "gone")
    visitor = await visit()
    await visitor.log_in(name)
    await expect(visitor.card(gone)).to_be_attached()
    await visitor.go("我")
    tile = visitor.page.get_by_role("listitem").filter(has=visitor.page.get_by_label(gone))
    await visitor.shot("works")
    await tile.get_by_role("button", name="删除").click()
    await visitor.shot("confirm")
    async with visitor.page.expect_response("**/publish/delete/"):
        await tile.get_by_role("button", name="确认删除").click()
    await expect(visitor.page.get_by_role("status")).to_have_text("已删除")
    await expect(tile).to_be_hidden()
    await expect(visitor.page.get_by_role("link", name=re.compile("作品 ?1"))).to_be_visible()
    await visitor.go("推荐")
    await expect(visitor.card(kept)).to_be_attached()
    await expect(visitor.card(gone)).to_have_count(0)
    other = await visit()
    await expect(other.card(kept)).to_be_attached()
    await expect(other.card(gone)).to_have_count(0)
    await other.page.goto(f"{other.page.url.split('#')[0]}#/user/{ann.id}")
    await expect(other.page.get_by_role("link", name=kept)).to_be_visible()
    await expect(other.page.get_by_role("button", name="删除")).to_have_count(0)


@pytest.fixture(scope="module")
def converting(tmp_path_factory):
    """A system that makes renditions."""
    folder = tmp_path_factory.mktemp("converting")
    running = System(folder / "data", folder / "log", "--free-ports", renditions=True)
    yield running
    assert running.stop() == 0


# `converting` comes first, so that the pages are closed before the system stops.
async def test_a_video_that_does_not_play_everywhere_shows_its_progress_and_then_plays(
    converting, visit, tmp_path
):
    """The media process is killed meanwhile."""
    path = tmp_path / "studio.mp4"
    clip_of(path, "libx264", "yuv422p", (1280, 720), seconds=5)  # browsers do not play 4:2:2
    visitor = await visit()
    page = visitor.page
    await page.goto(converting.url)
    async with opened(converting.url) as session:
        await Apk(session).register("ann")
    await visitor.log_in("ann")
    await visitor.go("发布")
    form = page.locator("form.publish")
    await form.locator("input[type=file]").set_input_files(path)
    await form.get_by_label("标题").fill("工作室")
    await form.get_by_role("button", name="发布").click()
    await expect(page.get_by_text("上传成功，转码完成后发布")).to_be_visible()
    await expect(page.get_by_text(re.compile("正在转码 [0-9]+%"))).to_be_visible()
    await visitor.shot("converting")
    await eventually(converting.renderers)
    for process in converting.renderers():
        process.kill()
    work = page.get_by_role("link", name="工作室，0 个赞")
    await expect(work).to_be_visible()
    await work.click()
    await visitor.playing(page.locator("#page .card"))
    await visitor.shot("plays")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def converted(converting, clip):
    """A converted video and its author."""
    name, title = unique("ann"), unique("clip")
    async with opened(converting.url) as session:
        apk = Apk(session)
        ann = await apk.register(name)
        await apk.publish(ann, clip, title)

        async def work():
            return (await apk.read("publish/list", user_id=ann.id))["video_list"][0]

        async def has_hls():
            return "hls_url" in await work()

        await eventually(has_hls)
        return ann, await work()


async def test_an_author_chooses_another_cover_and_everybody_sees_it(converting, converted, visit):
    ann, video = converted
    visitor = await visit(order="")
    page = visitor.page
    await page.goto(converting.url)
    await visitor.log_in(ann.name)
    await visitor.go("我")
    tile = page.get_by_role("listitem").filter(has=page.get_by_label(video["title"]))
    await expect(tile.locator("img")).to_have_attribute("src", video["cover_url"])
    await tile.get_by_role("button", name="封面").click()
    dialog = page.get_by_role("dialog", name="选择封面")
    covers = dialog.get_by_role("listitem").get_by_role("button")
    await expect(covers).to_have_count(4)
    await expect(dialog.get_by_role("button", pressed=True)).to_have_accessible_name("封面 1")
    for picture in await covers.locator("img").all():
        await expect(picture).not_to_have_js_property("naturalWidth", 0)
    assert await findings(page) == []
    await visitor.shot("covers")
    chosen = await dialog.get_by_label("封面 3").locator("img").get_attribute("src")
    await dialog.get_by_role("button", name="封面 3").click()
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_role("status").filter(has_text="封面已更换")).to_be_visible()
    await expect(tile.locator("img")).to_have_attribute("src", chosen)
    await visitor.shot("chosen")
    await tile.get_by_role("button", name="封面").click()
    await expect(dialog.get_by_role("button", pressed=True)).to_have_accessible_name("封面 3")
    await expect(dialog.get_by_label("封面 1").locator("img")).to_have_attribute(
        "src", video["cover_url"]
    )
    other = await visit(order="", **ENGLISH)
    await other.page.goto(f"{converting.url}#/user/{ann.id}")
    await expect(other.page.locator(".grid img")).to_have_attribute("src", chosen)
    await expect(other.page.get_by_role("button", name="Cover")).to_have_count(0)


async def test_a_video_plays_as_hls_where_the_browser_can_and_else_as_mp4(
    converting, converted, visit
):
    _, video = converted
    address = f"{converting.url}#/v/{video['id']}"
    plays = {}
    for kind in ("HLS", "none", "fails"):
        visitor = await visit(order="")
        page = visitor.page
        if kind == "none":
            await page.add_init_script("HTMLMediaElement.prototype.canPlayType = () => ''")
        if kind == "fails":
            await page.route("**/*.m4s", lambda route: route.abort())
        await page.goto(address)
        card = page.locator("#page .card")
        await visitor.playing(card)
        plays[kind] = await card.locator("video").evaluate("video => video.currentSrc")
        await expect(card.locator(".broken")).to_be_hidden()
        await visitor.shot(f"{kind}")
        if kind == "fails":
            visitor.expect_fault("Failed to load resource")
    assert plays == {"HLS": video["hls_url"], "none": video["play_url"], "fails": video["play_url"]}


async def test_a_picture_that_the_browser_cannot_decode_is_told(visit, registered, apk, tmp_path):
    _, ann = await registered("ann")
    path, title = tmp_path / "old.mp4", unique("old")
    clip_of(path, "mpeg4", "yuv420p", (320, 240), sound=True)
    assert (await apk.publish(ann, path, title))["status_code"] == 0
    visitor = await visit()
    card = visitor.card(title)
    video = card.locator("video")
    await expect(video).to_have_js_property("readyState", 4)
    await expect(video).to_have_js_property("videoWidth", 0)
    await expect(video).to_have_js_property("error", None)
    await expect(card.get_by_text("浏览器无法解码这个视频的画面")).to_be_visible()
    await visitor.shot("not-decoded")
