"""Stories about lists that are longer than a page."""

import asyncio

from browser.visitor import STORY
from playwright.async_api import expect

pytestmark = STORY


async def test_comments_are_loaded_to_the_last_one_by_scrolling(visit, registered, published, apk):
    _, ann = await registered("ann")
    title = await published(ann)
    feed = await apk.get("publish/list", user_id=ann.id, token=ann.token)
    video = feed["video_list"][0]["id"]
    for n in range(60):
        await apk.post(
            "comment/action", token=ann.token, video_id=video, action_type=1, comment_text=f"c{n}"
        )
    visitor = await visit()
    await visitor.card(title).get_by_role("button", name="评论").click()
    dialog = visitor.page.get_by_role("dialog")
    await expect(dialog.get_by_role("heading")).to_have_text("60 条评论")
    await expect(dialog.get_by_role("listitem")).to_have_count(50)
    await dialog.get_by_role("listitem").last.scroll_into_view_if_needed()
    await expect(dialog.get_by_role("listitem")).to_have_count(60)
    await expect(dialog.get_by_role("listitem").last).to_contain_text("c0")
    await visitor.shot("comments")


async def test_older_messages_are_loaded_by_scrolling_up(visit, registered, apk):
    (name, ann), (_, ben) = await registered("ann"), await registered("ben")
    for n in range(120):
        await apk.post(
            "message/action", token=ben.token, to_user_id=ann.id, action_type=1, content=f"m{n}"
        )
    visitor = await visit()
    await visitor.log_in(name)
    await visitor.page.goto(f"{visitor.page.url.partition('#')[0]}#/chat/{ben.id}")
    log = visitor.page.get_by_role("log")
    await expect(log.get_by_role("listitem").last).to_contain_text("m119")
    await expect(log.get_by_role("listitem")).to_have_count(50)
    for count in (100, 120):
        await log.evaluate("log => { log.scrollTop = 0; }")
        await expect(log.get_by_role("listitem")).to_have_count(count)
    await expect(log.get_by_role("listitem").first).to_contain_text("m0")
    await visitor.shot("chat")


async def test_a_long_list_of_followers_is_loaded_by_scrolling(visit, registered, apk):
    _, ann = await registered("ann")
    fans = await asyncio.gather(*(registered(f"fan{n}") for n in range(55)))
    for _, fan in fans:
        await apk.post("relation/action", token=fan.token, to_user_id=ann.id, action_type=1)
    visitor = await visit()
    await visitor.page.goto(f"{visitor.page.url.partition('#')[0]}#/user/{ann.id}/followers")
    rows = visitor.page.get_by_role("listitem")
    await expect(rows).to_have_count(50)
    await rows.last.scroll_into_view_if_needed()
    await expect(rows).to_have_count(55)
