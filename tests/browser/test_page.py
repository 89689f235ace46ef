"""The page itself: without a network, with hostile text, on two screens, with keys alone."""

from browser.conftest import DESKTOP, PHONE, STORY, unique
from playwright.async_api import expect

pytestmark = STORY


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
    await visitor.page.context.set_offline(False)
    await visitor.page.get_by_role("button", name="重试").click()
    await expect(visitor.page.get_by_role("heading", name=name)).to_be_visible()
    visitor.expect_fault("ERR_INTERNET_DISCONNECTED")


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


async def test_the_focus_is_visible_on_the_feed_and_on_every_control(visit, registered, published):
    title = await published((await registered("ann"))[1])
    window = await visit(DESKTOP)
    await window.playing(window.card(title))
    seen = []
    while "播放进度" not in seen:
        await window.page.keyboard.press("Tab")
        label, ring = await window.page.evaluate(
            """() => {
                const focused = document.activeElement;
                const inFeed = focused.matches('.feed, .card');
                const style = inFeed
                    ? getComputedStyle(document.getElementById('home'), '::after')
                    : getComputedStyle(focused);
                const width = inFeed ? style.borderTopWidth : style.outlineWidth;
                const label = focused.getAttribute('aria-label') ?? focused.textContent.trim();
                return [label, style.content !== 'none' && parseFloat(width)];
            }"""
        )
        assert ring >= 2, label
        seen.append(label)
        if label == "视频":
            await window.shot("feed")
    assert seen[:4] == ["推荐", "朋友", "发布", "登录"]
    assert {"快捷键", "视频", "暂停", "点赞，0", "评论，0", "声音"} <= set(seen)


async def test_controls_tell_their_state(visit, registered, published):
    title = await published((await registered("ann"))[1])
    window = await visit(DESKTOP)
    card = window.card(title)
    await window.playing(card)
    sound = card.get_by_role("button", name="声音")
    await expect(sound).to_have_attribute("aria-pressed", "false")
    await sound.click()
    await expect(sound).to_have_attribute("aria-pressed", "true")
    await card.get_by_role("button", name="暂停").press("Enter")
    await expect(card.get_by_role("button", name="播放")).to_be_visible()
    seek = card.get_by_role("slider", name="播放进度")
    await seek.fill("50")
    await expect(seek).to_have_attribute("aria-valuetext", "0:01，共 0:03")


async def test_single_letter_keys_can_be_turned_off(visit, registered, published):
    title = await published((await registered("ann"))[1])
    window = await visit(DESKTOP)
    sound = window.card(title).get_by_role("button", name="声音")
    await window.playing(window.card(title))
    await window.page.keyboard.press("m")
    await expect(sound).to_have_attribute("aria-pressed", "true")
    await window.page.get_by_role("button", name="快捷键").click()
    await window.page.get_by_role("checkbox").uncheck()
    await window.shot("keys")
    await window.page.keyboard.press("Escape")
    await window.page.reload()
    await window.playing(window.card(title))
    await window.page.keyboard.press("m")
    await window.page.keyboard.press("Space")
    await expect(window.card(title).get_by_role("button", name="播放")).to_be_visible()
    await expect(sound).to_have_attribute("aria-pressed", "false")


async def test_a_long_caption_scrolls_with_the_wheel(visit, registered, published):
    _, ann = await registered("ann")
    title = await published(ann, "很长的标题" * 24)
    window = await visit({"viewport": {"width": 320, "height": 400}})
    await window.playing(window.card(title))
    caption = window.card(title).locator(".caption")
    await caption.hover()
    await window.page.mouse.wheel(0, 60)
    await window.page.wait_for_function(
        "caption => caption.scrollTop > 0", arg=await caption.element_handle()
    )
    await expect(window.card(title)).to_be_in_viewport(ratio=0.9)
