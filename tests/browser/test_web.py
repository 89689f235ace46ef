"""The page without a network, with hostile text, and on screens of two sizes."""

from browser.visitor import DESKTOP, PHONE, STORY, unique
from playwright.async_api import Route, expect

pytestmark = STORY


async def fail(route: Route) -> None:
    await route.abort()


async def test_without_a_network_the_page_says_so_and_a_retry_works(visit, registered, published):
    name, ann = await registered("ann")
    title = await published(ann)
    visitor = await visit()
    await visitor.log_in(name)
    like = visitor.card(title).get_by_role("button", name="点赞")
    await visitor.playing(visitor.card(title))
    await visitor.page.context.set_offline(True)
    await like.click()
    await expect(visitor.page.get_by_role("status")).to_have_text("网络不通，或服务没有回应")
    await expect(like).to_have_attribute("aria-pressed", "false")
    await visitor.go("我")
    await expect(visitor.page.get_by_role("heading", name="网络不通")).to_be_visible()
    await visitor.shot("offline")
    # The browser has a network again, which the page notices, but the service does not answer yet.
    async with visitor.page.expect_event("requestfailed"):
        await visitor.page.route("**/douyin/user/**", fail)
        await visitor.page.context.set_offline(False)
    await expect(visitor.page.get_by_role("heading", name="网络不通")).to_be_visible()
    await visitor.page.unroute("**/douyin/user/**")
    await visitor.page.get_by_role("button", name="重试").click()
    await expect(visitor.page.get_by_role("heading", name=name)).to_be_visible()
    visitor.expect_fault("ERR_INTERNET_DISCONNECTED|ERR_FAILED")


async def test_markup_of_users_is_shown_as_text(visit, registered, published, apk):
    name, eve = await registered("<img src onerror=alert()>")
    words = unique("<b onclick='alert(3)'>粗体</b>")
    title = await published(eve, "<script>alert(2)</script>")
    reader, _ = await registered("bob")
    bob = await visit()
    await bob.log_in(reader)
    await expect(bob.card(title)).to_contain_text(f"@{name}")
    await bob.card(title).get_by_role("button", name="评论").click()
    drawer = bob.page.get_by_role("dialog")
    await drawer.get_by_label("评论").fill(words)
    await drawer.get_by_role("button", name="发表").click()
    await expect(drawer.get_by_role("listitem")).to_contain_text(words)
    await bob.shot("comment")
    await drawer.get_by_role("button", name="关闭").click()
    await bob.card(title).get_by_role("link", name=f"@{name}").click()
    await expect(bob.page.get_by_role("heading", name=name)).to_be_visible()
    await expect(bob.page.get_by_role("link", name=title)).to_be_visible()
    assert await bob.page.evaluate("document.querySelectorAll('[onerror], [onclick]').length") == 0


async def test_a_phone_and_a_desktop_have_layouts_of_their_own(visit, registered, published):
    title = await published((await registered("ann"))[1])
    for device, width, height in ((PHONE, 390, 780), (DESKTOP, 1280, 760)):
        window = await visit(device)
        await window.playing(window.card(title))
        nav = await window.page.get_by_label("主导航").bounding_box()
        card = await window.card(title).bounding_box()
        if device is PHONE:
            assert (nav["x"], nav["width"]) == (0, width)
            assert nav["y"] + nav["height"] == height
            assert (card["x"], card["y"], card["width"]) == (0, 0, width)
            assert card["y"] + card["height"] == nav["y"]
        else:
            assert (nav["x"], nav["y"], nav["height"]) == (0, 0, height)
            assert card["x"] == nav["width"] < width / 4
        assert await window.page.evaluate("document.documentElement.scrollWidth") == width
