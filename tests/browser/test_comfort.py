"""Small things: waiting, coming back, broken networks, ended sessions, uploads, quick taps."""

import asyncio
import time

from browser.visitor import DESKTOP, PHONE, STORY
from jose import jwt
from playwright.async_api import Route, expect

pytestmark = STORY
OFFLINE = "ERR_FAILED|ERR_INTERNET_DISCONNECTED"


async def fail(route: Route) -> None:
    await route.abort()


class Held:
    """Requests that wait until they are let go."""

    def __init__(self) -> None:
        self.free = asyncio.Event()

    async def __call__(self, route: Route) -> None:
        await self.free.wait()
        await route.continue_()


async def test_a_video_that_failed_without_a_network_plays_when_it_is_back(
    visit, registered, published
):
    title = await published((await registered("ann"))[1])
    visitor = await visit()
    card, context = visitor.card(title), visitor.page.context
    await visitor.playing(card)
    for by_tap in (True, False):
        await visitor.page.route("**/objects/**", fail)
        await card.locator("video").evaluate("video => video.load()")
        await expect(card.get_by_text("视频无法播放")).to_be_visible()
        await visitor.shot("broken")
        await visitor.page.unroute("**/objects/**")
        if by_tap:
            await card.get_by_role("button", name="播放").click()
        else:
            await context.set_offline(True)
            await context.set_offline(False)  # the browser tells the page
        await visitor.playing(card)
        await expect(card.get_by_text("视频无法播放")).to_be_hidden()
    visitor.expect_fault(OFFLINE)


async def test_a_page_that_failed_is_loaded_when_the_network_is_back(visit, registered):
    name, ann = await registered("ann")
    visitor = await visit()
    page = visitor.page
    await page.context.set_offline(True)
    await page.evaluate("address => { location.hash = address; }", f"#/user/{ann.id}")
    await expect(page.get_by_role("heading", name="网络不通")).to_be_visible()
    await page.context.set_offline(False)
    await expect(page.get_by_role("heading", name=name)).to_be_visible()
    visitor.expect_fault(OFFLINE)


async def test_going_back_closes_a_drawer_and_a_link_in_it_takes_its_place(
    visit, registered, published, apk
):
    name, ann = await registered("ann")
    title = await published(ann)
    video = (await apk.get("publish/list", user_id=ann.id))["video_list"][0]["id"]
    said = {"token": ann.token, "video_id": video, "action_type": 1, "comment_text": "hi"}
    await apk.post("comment/action", **said)
    visitor = await visit(PHONE)
    page, drawer = visitor.page, visitor.page.get_by_role("dialog")
    comments = visitor.card(title).get_by_role("button", name="评论")
    await visitor.playing(visitor.card(title))
    before = await page.evaluate("history.length")
    await comments.click()
    await expect(drawer).to_be_visible()
    await page.go_back()
    await expect(drawer).to_be_hidden()
    await expect(visitor.card(title)).to_be_in_viewport(ratio=0.9)
    await comments.click()
    await drawer.get_by_role("link", name=name, exact=True).click()
    await expect(page.get_by_role("heading", name=name)).to_be_visible()
    await page.go_back()
    await expect(page.locator("#page")).to_be_empty()
    await expect(drawer).to_be_hidden()
    await comments.click()
    await visitor.escape()  # the feed is the current entry, not one of many
    await expect(drawer).to_be_hidden()
    assert await page.evaluate("history.length") <= before + 1


async def test_the_feed_is_where_it_was_after_a_reload(visit, registered, published):
    _, ann = await registered("ann")
    titles = [await published(ann) for _ in range(3)]
    visitor = await visit(DESKTOP)
    await visitor.playing(visitor.card(titles[2]))
    for title in (titles[1], titles[0]):
        await visitor.page.keyboard.press("ArrowDown")
        await visitor.playing(visitor.card(title))
    newer = await published(ann)
    await visitor.page.reload()
    await visitor.playing(visitor.card(titles[0]))
    await expect(visitor.card(titles[0])).to_be_in_viewport(ratio=0.9)
    await visitor.page.keyboard.press("ArrowUp")
    await visitor.playing(visitor.card(titles[1]))
    await visitor.go("推荐")  # starts over
    await visitor.playing(visitor.card(newer))


async def test_an_ended_session_is_told_at_once(visit, registered, system):
    _, ann = await registered("ann")
    visitor = await visit()
    secret = (system.data / "secret").read_text()
    ended = {
        "登录已过期，请重新登录": (-60, secret),
        "登录无效或已过期，请重新登录": (3600, "x" * 32),  # only the server knows
    }
    for words, (seconds, key) in ended.items():
        claims = {"sub": str(ann.id), "exp": int(time.time()) + seconds}
        await visitor.page.evaluate(
            "session => localStorage.setItem('douyin.session', JSON.stringify(session))",
            {"id": ann.id, "token": jwt.encode(claims, key, "HS256")},
        )
        await visitor.page.reload()
        await expect(visitor.page.get_by_role("status")).to_have_text(words)
        await expect(visitor.page.locator("#me")).to_have_text("登录")
    await visitor.shot("told")


async def test_an_upload_goes_on_while_other_pages_are_shown_and_can_be_cancelled(
    visit, registered, clip
):
    name, _ = await registered("ann")
    visitor = await visit(PHONE)
    await visitor.log_in(name)
    page, held = visitor.page, Held()
    await page.route("**/publish/action/", held)
    await visitor.go("发布")
    form = page.locator("form.publish")
    await form.locator("input[type=file]").set_input_files(clip)
    await form.get_by_label("标题").fill("第一行\n第二行")
    await form.get_by_role("button", name="发布").click()
    await visitor.go("推荐")
    bar = page.get_by_label("上传进度").first
    await expect(bar).to_be_visible()
    await visitor.shot("uploading")
    leaving = "!dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    assert await page.evaluate(leaving) is True
    await page.get_by_role("button", name="取消上传").click()
    await expect(page.get_by_role("status")).to_have_text("已取消")
    await expect(bar).to_be_hidden()
    assert await page.evaluate(leaving) is False
    held.free.set()


async def test_quick_taps_like_and_never_pause(visit, registered, published):
    name, _ = await registered("bob")
    title = await published((await registered("ann"))[1])
    bob = await visit(PHONE)
    await bob.log_in(name)
    card = bob.card(title)
    await bob.playing(card)
    await bob.page.keyboard.press("m")
    video = await card.locator("video").element_handle()
    await video.evaluate(
        "video => { window.paused = 0; video.addEventListener('pause', () => window.paused++); }"
    )
    tap = card.get_by_role("button", name="暂停")
    async with bob.page.expect_response("**/favorite/action/"):
        await tap.click(click_count=3, delay=20, position={"x": 150, "y": 200})
    like = card.get_by_role("button", name="点赞")
    await expect(like).to_have_accessible_name("点赞，1")
    # It plays on for longer than a single tap waits.
    seen = await video.evaluate("video => performance.now()")
    await bob.page.wait_for_function("since => performance.now() > since + 600", arg=seen)
    assert await bob.page.evaluate("window.paused") == 0
    await tap.click(position={"x": 150, "y": 200})
    await expect(card.get_by_role("button", name="播放")).to_be_visible()


async def test_a_slow_page_says_that_it_loads(visit, registered):
    name, ann = await registered("ann")
    visitor = await visit(DESKTOP)
    page, held = visitor.page, Held()
    await page.route("**/douyin/user/?**", held)
    await page.evaluate("address => { location.hash = address; }", f"#/user/{ann.id}")
    await expect(page.get_by_text("加载中…")).to_be_visible()
    await visitor.shot("loading")
    held.free.set()
    await expect(page.get_by_role("heading", name=name)).to_be_visible()
    await expect(page.get_by_text("加载中…")).to_be_hidden()


async def test_an_empty_feed_invites_to_publish(visit):
    visitor = await visit()
    page = visitor.page

    async def empty(route: Route) -> None:
        await route.fulfill(json={"status_code": 0, "video_list": [], "next_time": 0})

    await page.route("**/douyin/feed/**", empty)
    await visitor.go("推荐")  # starts over
    await expect(page.get_by_text("还没有视频")).to_be_visible()
    await expect(page.get_by_role("button", name="从头再看")).to_have_count(0)
    await visitor.shot("empty")
    await page.get_by_role("button", name="发布第一个视频").click()
    await expect(page.get_by_role("heading", name="请先登录")).to_be_visible()
