"""Stories of finding things: tabs, search, hashtags, shared links."""

import re

from browser.visitor import DESKTOP, STORY, unique
from playwright.async_api import expect

pytestmark = STORY


async def test_a_visitor_finds_people_videos_and_hashtags(visit, registered, published, system):
    name, person = await registered("林晓雨")
    tag = unique("雪景").replace("-", "")
    title = await published(person, f"第一场雪 #{tag} 真美")
    visitor = await visit(DESKTOP)
    page = visitor.page
    link = visitor.card(title).get_by_role("link", name=f"#{tag}")
    await expect(link).to_have_text(f"#{tag}")
    await link.click()
    await expect(page.get_by_role("heading", name=f"#{tag}")).to_be_visible()
    await expect(page.locator(".grid a")).to_have_count(1)
    await visitor.shot("hashtag")
    await page.locator(".grid a").click()
    await visitor.playing(page.locator("#page .card"))
    assert re.search(r"#/tag/.+/\d+$", page.url)

    await visitor.go("推荐")
    await page.get_by_role("link", name="搜索").click()
    words = page.get_by_role("searchbox", name="搜索")
    await words.fill(name)
    await words.press("Enter")
    await expect(page.get_by_role("link", name=f"{name}的主页")).to_be_visible()
    await words.fill(title)
    await words.press("Enter")
    await expect(page.locator(".grid a")).to_have_count(1)
    await visitor.shot("search")
    await words.fill(tag[:4])
    await expect(page.locator(".suggested a", has_text=f"#{tag}")).to_be_visible()
    await words.fill(unique("没有"))
    await words.press("Enter")
    await expect(page.get_by_text("没有找到")).to_be_visible()


async def test_the_tabs_order_the_feed_and_a_shared_link_opens_its_video(
    visit, registered, published, apk
):
    name, viewer = await registered("viewer")
    _, author = await registered("author")
    title = await published(author, "followed")
    answer = await apk.post(
        "relation/action", token=viewer.token, to_user_id=author.id, action_type=1
    )
    assert answer["status_code"] == 0
    visitor = await visit(order="")
    page = visitor.page
    tabs = page.get_by_role("navigation", name="视频的顺序")
    await expect(tabs.get_by_role("button", name="推荐")).to_have_attribute("aria-pressed", "true")
    await tabs.get_by_role("button", name="关注").click()
    await visitor.enter(name)
    await visitor.entered()
    card = visitor.card(title)
    await visitor.playing(card)
    await expect(page.locator("#home article.card")).to_have_count(1)
    await visitor.shot("following")
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await card.get_by_role("button", name="复制链接").click()
    await expect(page.get_by_role("status")).to_have_text("链接已复制")
    link = await page.evaluate("navigator.clipboard.readText()")
    assert re.search(r"/v/\d+$", link)
    await page.goto(link)
    await page.wait_for_url(re.compile(r"/#/v/\d+$"))
    await visitor.playing(page.locator("#page .card").filter(has_text=title))
    await visitor.go("推荐")
    await tabs.get_by_role("button", name="最新").click()
    await expect(card).to_be_visible()


async def test_a_blocked_person_disappears_and_a_report_is_sent(visit, registered, published, apk):
    name, viewer = await registered("viewer")
    other, author = await registered("troll")
    title = await published(author, "annoying")
    await apk.post(
        "message/action",
        token=author.token, to_user_id=viewer.id, action_type=1, content="buy",
    )  # fmt: skip
    visitor = await visit(DESKTOP)
    page = visitor.page
    await visitor.log_in(name)
    places = page.get_by_label("主导航")
    await expect(places.get_by_role("link", name="消息，1 条未读")).to_be_visible()
    card = visitor.card(title)
    await card.get_by_role("button", name="举报").click()
    dialog = page.get_by_role("dialog", name="举报")
    await dialog.get_by_label("理由").fill("spam")
    await dialog.get_by_role("button", name="提交").click()
    await expect(page.get_by_role("status")).to_have_text("已举报，谢谢")
    await card.get_by_role("link", name=f"{other}的主页").click()
    await page.get_by_role("button", name="拉黑").click()
    await expect(page.get_by_role("heading", name="黑名单")).to_be_visible()
    await expect(places.get_by_role("link", name="消息", exact=True)).to_be_visible()
    await visitor.shot("blocked")
    await visitor.go("消息")
    await expect(page.get_by_text("还没有消息")).to_be_visible()
    await page.go_back()
    await page.get_by_role("button", name=f"解除拉黑 {other}").click()
    await expect(page.get_by_text("没有拉黑任何人")).to_be_hidden()
    await page.reload()
    await expect(page.get_by_text("没有拉黑任何人")).to_be_visible()
