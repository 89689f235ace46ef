"""The page with a keyboard, a screen reader, long text and reduced motion."""

from browser.visitor import DESKTOP, STORY
from playwright.async_api import expect

pytestmark = STORY


async def test_the_focus_is_visible_on_the_feed_and_on_every_control(visit, registered, published):
    title = await published((await registered("ann"))[1])
    window = await visit(DESKTOP)
    await window.playing(window.card(title))
    seen: list[str] = []
    while "播放进度" not in seen and len(seen) < 30:
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
    assert seen[:5] == ["推荐", "朋友", "发布", "消息", "登录"]
    assert {"设置", "视频", "暂停", "点赞，0", "评论，0", "声音", "播放进度"} <= set(seen)


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
    await window.page.get_by_role("button", name="设置").click()
    await window.page.get_by_role("checkbox").uncheck()
    await window.shot("keys")
    await window.escape()
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


async def test_with_reduced_motion_a_video_starts_only_when_asked(visit, registered, published):
    title = await published((await registered("ann"))[1])
    window = await visit(DESKTOP, reduced_motion="reduce")
    card = window.card(title)
    await expect(card.locator("video")).to_have_js_property("readyState", 4)
    await expect(card.locator("video")).to_have_js_property("paused", True)
    await card.get_by_role("button", name="播放").press("Enter")
    await window.playing(card)
