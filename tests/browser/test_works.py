"""Stories about one's own works."""

import re

import pytest
from browser.visitor import STORY
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


@pytest.fixture
def converting(tmp_path):
    """A system that makes renditions."""
    running = System(tmp_path / "data", tmp_path / "log", "--free-ports", renditions=True)
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
