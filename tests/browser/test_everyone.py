"""The page in both languages and themes, checked by axe-core, and scrolled with the keyboard."""

import pytest
from browser.axe import findings
from browser.visitor import DESKTOP, ENGLISH, PHONE, STORY
from playwright.async_api import expect

pytestmark = STORY


@pytest.mark.parametrize(
    ("device", "locale", "themes"),
    [(PHONE, "zh-CN", ("light", "dark")), (DESKTOP, "en-GB", ("light",))],
    ids=["phone", "desktop"],
)
async def test_axe_finds_nothing_on_any_page(
    visit, registered, published, apk, device, locale, themes
):
    (name, ann), (_, ben) = await registered("ann"), await registered("ben")
    for a, b in ((ann, ben), (ben, ann)):
        await apk.post("relation/action", token=a.token, to_user_id=b.id, action_type=1)
    title = await published(ann)
    said = {"token": ben.token, "to_user_id": ann.id, "action_type": 1, "content": "在吗"}
    await apk.post("message/action", **said)
    video = (await apk.get("publish/list", user_id=ann.id))["video_list"][0]["id"]
    said = {"token": ben.token, "video_id": video, "action_type": 1, "comment_text": "hi"}
    await apk.post("comment/action", **said)
    visitor = await visit(device, locale=locale, reduced_motion="reduce")
    page = visitor.page

    async def check(place: str) -> None:
        for theme in themes:
            await page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
            assert await findings(page) == [], (place, theme)
            await visitor.shot(f"{locale}-{place}-{theme}")

    await expect(visitor.card(title)).to_be_visible()
    await check("feed")
    await page.locator("#open-settings").click()
    await check("settings")
    await visitor.escape()
    await page.locator("[data-nav=me]").click()
    await expect(page.locator("#account")).to_be_visible()
    await check("login")
    await page.locator("[name=username]").fill(name)
    await page.locator("[name=password]").fill("secret")
    await page.locator("[value=login]").click()
    for place, address, shown in (
        ("profile", f"#/user/{ann.id}", ".profile"),
        ("likes", f"#/user/{ben.id}/likes", ".profile"),
        ("player", f"#/user/{ann.id}/works/{video}", ".player"),
        ("followers", f"#/user/{ann.id}/followers", ".list li"),
        ("friends", "#/friends", ".list li"),
        ("chat", f"#/chat/{ben.id}", ".chat"),
        ("publish", "#/publish", ".publish"),
        ("nowhere", "#/nope", "a.again"),
    ):
        await page.evaluate("address => { location.hash = address; }", address)
        await expect(page.locator(f"#page {shown}").first).to_be_visible()
        await check(place)
    await page.evaluate("location.hash = '#/'")
    await visitor.card(title).locator("[data-part=comment]").click()
    await expect(page.locator("#comments li")).to_be_visible()
    await check("comments")


async def test_an_english_browser_is_answered_in_english_and_a_choice_is_kept(visit):
    visitor = await visit(DESKTOP, **ENGLISH)
    page = visitor.page
    await page.get_by_role("link", name="Log in").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("User name").fill("nobody")
    await dialog.get_by_label("Password").fill("secret")
    await dialog.get_by_role("button", name="Log in").click()
    # The text comes from a service, which writes Chinese.
    await expect(page.get_by_role("status")).to_have_text("Wrong user name or password")
    await visitor.shot("english")
    await dialog.get_by_role("button", name="Close").click()
    await page.get_by_role("button", name="Settings").click()
    await page.get_by_label("Language").select_option("中文")
    await expect(page.get_by_role("button", name="设置")).to_be_visible()
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    await expect(page.get_by_role("heading", name="请先登录")).to_be_visible()


async def test_the_theme_is_the_systems_until_one_is_chosen_and_the_choice_is_kept(visit):
    visitor = await visit(PHONE, color_scheme="light")
    page, nav = visitor.page, visitor.page.locator(".nav")
    await expect(nav).to_have_css("background-color", "rgb(255, 255, 255)")
    await page.get_by_role("button", name="设置").click()
    await page.get_by_label("外观").select_option("深色")
    await expect(nav).to_have_css("background-color", "rgb(0, 0, 0)")
    await visitor.shot("dark")
    await page.reload()
    await expect(nav).to_have_css("background-color", "rgb(0, 0, 0)")
    await page.emulate_media(color_scheme="dark")
    await page.get_by_role("button", name="设置").click()
    await page.get_by_label("外观").select_option("跟随系统")
    await page.emulate_media(color_scheme="light")
    await expect(nav).to_have_css("background-color", "rgb(255, 255, 255)")


async def test_a_chat_and_a_long_caption_scroll_with_the_keyboard(
    visit, registered, published, apk
):
    (name, ann), (_, ben) = await registered("ann"), await registered("ben")
    for n in range(40):
        said = {"token": ben.token, "to_user_id": ann.id, "action_type": 1, "content": f"m{n}"}
        await apk.post("message/action", **said)
    title = await published(ann, "很长的标题" * 24)
    visitor = await visit({"viewport": {"width": 320, "height": 400}})
    page = visitor.page
    scrolled = "element => element.scrollTop > 0"
    await visitor.playing(visitor.card(title))
    caption = visitor.card(title).locator(".caption")
    await caption.focus()
    await page.keyboard.press("ArrowDown")
    await page.wait_for_function(scrolled, arg=await caption.element_handle())
    await expect(visitor.card(title)).to_be_in_viewport(ratio=0.9)
    await visitor.log_in(name)
    await page.evaluate("address => { location.hash = address; }", f"#/chat/{ben.id}")
    log = page.get_by_role("log")
    await expect(log).to_contain_text("m39")
    await log.focus()
    await page.keyboard.press("Home")
    await page.wait_for_function(
        "element => element.scrollTop === 0", arg=await log.element_handle()
    )


async def test_an_address_that_names_nothing_says_so_and_offers_the_way_home(visit):
    visitor = await visit()
    page = visitor.page
    for address, words in (("#/nope", "没有这个页面"), ("#/user/99999999", "用户不存在")):
        await page.evaluate("address => { location.hash = address; }", address)
        await expect(page.get_by_role("heading", name=words)).to_be_visible()
        await expect(page.get_by_role("button", name="重试")).to_have_count(0)
    await page.get_by_role("link", name="回到推荐").click()
    await expect(page.locator("#page")).to_be_empty()
