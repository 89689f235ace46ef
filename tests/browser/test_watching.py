"""Stories about the feed, likes and comments."""

import asyncio

from browser.visitor import DESKTOP, PHONE, STORY, unique
from playwright.async_api import Route, expect

pytestmark = STORY


async def test_anybody_watches_the_feed_and_turns_to_the_next_video(visit, registered, published):
    name, ann = await registered("ann")
    second, first = await published(ann), await published(ann)
    nobody = await visit(PHONE)
    await nobody.playing(nobody.card(first))
    await expect(nobody.card(first)).to_contain_text(f"@{name}")
    await nobody.shot("first")
    await nobody.page.keyboard.press("ArrowDown")
    await nobody.playing(nobody.card(second))
    await expect(nobody.card(first).locator("video")).to_have_js_property("paused", True)
    await nobody.page.keyboard.press("ArrowUp")
    await nobody.playing(nobody.card(first))


async def test_the_wheel_turns_to_the_next_video_and_a_click_turns_the_sound_on(
    visit, registered, published
):
    _, ann = await registered("ann")
    second, first = await published(ann), await published(ann)
    nobody = await visit(DESKTOP)
    await nobody.playing(nobody.card(first))
    await nobody.page.mouse.move(700, 400)
    await nobody.page.mouse.wheel(0, 120)
    await nobody.playing(nobody.card(second))
    video = nobody.card(second).locator("video")
    await expect(video).to_have_js_property("muted", True)
    await nobody.page.mouse.click(700, 400)
    await expect(video).to_have_js_property("muted", False)
    await nobody.page.keyboard.press("Space")
    await expect(video).to_have_js_property("paused", True)
    await nobody.shot("paused")


async def test_a_like_and_its_count_are_there_after_a_reload(visit, registered, published):
    name, _ = await registered("bob")
    title = await published((await registered("ann"))[1])
    bob = await visit()
    like = bob.card(title).get_by_role("button", name="点赞")
    await like.click()
    await bob.enter(name)  # the dialog opens because bob is not logged in
    await bob.entered()
    for count, pressed in ((1, "true"), (0, "false")):
        async with bob.page.expect_response("**/favorite/action/"):
            await like.click()
        await bob.page.reload()
        await expect(like).to_have_attribute("aria-pressed", pressed)
        await expect(like).to_have_accessible_name(f"点赞，{count}")
        await bob.shot(f"{count}-likes")


async def test_a_like_is_not_undone_by_an_answer_from_before_it(visit, registered, published, apk):
    name, _ = await registered("bob")
    _, ann = await registered("ann")
    other, title = await published(ann), await published(ann)
    bob = await visit()
    await bob.log_in(name)
    await bob.playing(bob.card(title))
    await bob.go("我")
    await expect(bob.page.get_by_role("heading", name=name)).to_be_visible()
    commented = (await apk.get("feed"))["video_list"][1]["id"]
    await apk.post(
        "comment/action", token=ann.token, video_id=commented, action_type=1, comment_text="hi"
    )
    fetched, released = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        answer = await route.fetch()
        fetched.set()
        await released.wait()
        await route.fulfill(response=answer)

    await bob.page.route("**/douyin/feed/**", hold)
    await bob.go("推荐")
    await fetched.wait()
    like = bob.card(title).get_by_role("button", name="点赞")
    async with bob.page.expect_response("**/favorite/action/"):
        await like.click()
    released.set()
    # Once the other video shows its comment, the delayed response has arrived.
    comments = bob.card(other).get_by_role("button", name="评论")
    await expect(comments).to_have_accessible_name("评论，1")
    await expect(like).to_have_accessible_name("点赞，1")


async def test_a_comment_is_published_and_deleted(visit, registered, published):
    name, _ = await registered("bob")
    title, words = await published((await registered("ann"))[1]), unique("写得真好")
    bob = await visit()
    await bob.log_in(name)
    comments = bob.card(title).get_by_role("button", name="评论")
    await comments.click()
    drawer = bob.page.get_by_role("dialog")
    await expect(drawer).to_contain_text("还没有评论")
    await drawer.get_by_label("评论").fill(words)
    await drawer.get_by_role("button", name="发表").click()
    await expect(drawer.get_by_role("listitem")).to_contain_text(name)
    await expect(drawer.get_by_role("listitem")).to_contain_text(words)
    await expect(drawer.get_by_role("heading")).to_have_text("1 条评论")
    await bob.shot("comment")
    await drawer.get_by_role("button", name="删除").click()
    await drawer.get_by_role("button", name="确认删除").click()
    await expect(drawer).to_contain_text("还没有评论")
    await drawer.get_by_role("button", name="关闭").click()
    await expect(comments).to_have_accessible_name("评论，0")
