"""Stories about accounts, follows, chats and publishing."""

import time

from browser.visitor import DESKTOP, PASSWORD, STORY, unique
from jose import jwt
from playwright.async_api import expect

pytestmark = STORY


async def test_signing_up_logs_in(visit):
    name = unique("新人")
    visitor = await visit()
    await visitor.go("登录")
    dialog = visitor.page.get_by_role("dialog")
    await dialog.get_by_label("用户名").fill(name)
    await dialog.get_by_label("密码").fill(PASSWORD)
    await visitor.shot("dialog")
    await dialog.get_by_role("button", name="注册新账号").click()
    await visitor.entered()
    await expect(visitor.page.get_by_role("heading", name=name)).to_be_visible()
    await expect(visitor.page.get_by_text("注册成功，欢迎")).to_be_visible()


async def test_a_wrong_password_is_reported_and_the_right_one_logs_in(visit, registered):
    name, _ = await registered("ann")
    ann = await visit(DESKTOP)
    await ann.go("登录")
    await ann.enter(name, "wrong")
    await expect(ann.page.get_by_role("status")).to_have_text("用户名或密码错误")
    await ann.shot("wrong")
    await ann.enter(name)
    await ann.entered()
    await expect(ann.page.get_by_role("heading", name=name)).to_be_visible()


async def test_an_author_is_followed_from_a_card_and_unfollowed_in_the_list(
    visit, registered, published
):
    author, ann = await registered("ann")
    name, _ = await registered("bob")
    title = await published(ann)
    bob = await visit()
    await bob.log_in(name)
    follow = bob.card(title).get_by_role("button", name=f"关注 {author}")
    async with bob.page.expect_response("**/relation/action/"):
        await follow.click()
    await expect(follow).to_be_hidden()
    await bob.go("我")
    await bob.page.get_by_role("link", name="1 关注").click()
    row = bob.page.get_by_role("listitem").filter(has_text=author)
    await bob.shot("followed")
    async with bob.page.expect_response("**/relation/action/"):
        await row.get_by_role("button", name=f"取消关注 {author}").click()
    await expect(row.get_by_role("button", name=f"关注 {author}", exact=True)).to_be_visible()
    await bob.page.get_by_role("button", name="返回").click()
    await expect(bob.page.get_by_role("link", name="0 关注")).to_be_visible()


async def test_friends_chat_and_the_answer_arrives_by_itself(visit, registered, apk):
    (one, ann), (other, ben) = await registered("ann"), await registered("ben")
    for a, b in ((ann, ben), (ben, ann)):
        await apk.post("relation/action", token=a.token, to_user_id=b.id, action_type=1)
    windows = []
    for name, friend in ((one, other), (other, one)):
        window = await visit()
        await window.log_in(name)
        await window.go("朋友")
        await window.page.get_by_role("link", name=f"{friend} 打个招呼吧").click()
        await expect(window.page.get_by_role("heading", name=friend)).to_be_visible()
        windows.append(window)
    for speaker, listener, words in (
        (windows[0], windows[1], unique("在吗")),
        (windows[1], windows[0], unique("在的")),
    ):
        await speaker.page.get_by_label("消息", exact=True).last.fill(words)
        await speaker.page.get_by_role("button", name="发送").click()
        await expect(listener.page.get_by_role("log")).to_contain_text(words)
        await expect(speaker.page.get_by_role("log")).to_contain_text(words)
    await windows[0].shot("chat")
    await windows[0].go("朋友")
    await expect(windows[0].page.get_by_role("link", name=other).last).to_contain_text(words)


async def test_a_published_clip_is_on_the_own_profile_and_first_in_the_feed(
    visit, registered, clip
):
    name, _ = await registered("ann")
    title = unique("我的第一个视频")
    ann = await visit(DESKTOP)
    await ann.log_in(name)
    await ann.go("发布")
    form = ann.page.locator("form.publish")
    await form.locator("input[type=file]").set_input_files(clip)
    await form.get_by_label("标题").fill(title)
    await ann.shot("form")
    await form.get_by_role("button", name="发布").click()
    await expect(ann.page.get_by_role("heading", name=name)).to_be_visible()
    tile = ann.page.get_by_role("link", name=f"{title}，0 个赞")
    await expect(tile).to_be_visible()
    await ann.shot("profile")
    await tile.click()
    await ann.playing(ann.page.locator("#page .card").filter(has_text=title))
    await ann.page.reload()
    await ann.playing(ann.page.locator("#page .card").filter(has_text=title))
    await ann.go("推荐")
    await expect(ann.page.locator("#home .card").first).to_contain_text(title)
    await ann.playing(ann.card(title))


async def test_logging_out_ends_the_session(visit, registered):
    name, _ = await registered("ann")
    ann = await visit()
    await ann.log_in(name)
    await ann.go("我")
    await ann.page.get_by_role("button", name="退出登录").click()
    await ann.go("登录")
    await expect(ann.page.get_by_role("dialog")).to_be_visible()
    await ann.page.reload()
    await expect(ann.page.get_by_role("heading", name="请先登录")).to_be_visible()


async def test_an_expired_token_ends_the_session_and_asks_to_log_in(
    visit, registered, published, system
):
    name, ann = await registered("ann")
    title = await published(ann)
    visitor = await visit()
    await visitor.log_in(name)
    secret = (system.data / "secret").read_text()
    token = jwt.encode({"sub": str(ann.id), "exp": int(time.time()) - 60}, secret, "HS256")
    await visitor.page.evaluate(
        "session => localStorage.setItem('douyin.session', JSON.stringify(session))",
        {"id": ann.id, "token": token},
    )
    await visitor.page.reload()
    await visitor.card(title).get_by_role("button", name="点赞").click()
    await expect(visitor.page.get_by_role("dialog")).to_be_visible()
    await expect(visitor.page.locator("#me")).to_have_text("登录")
    await visitor.shot("expired")
    await visitor.enter(name)
    await visitor.entered()
