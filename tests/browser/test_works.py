"""Stories about one's own works."""

import re

from browser.visitor import STORY
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
