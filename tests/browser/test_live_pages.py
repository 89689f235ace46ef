"""Stories about the inbox, what is unread, and pages that change while they are open."""

from browser.visitor import DESKTOP, STORY, unique
from playwright.async_api import expect

pytestmark = STORY


async def test_messages_and_friends_appear_while_the_pages_are_open(visit, registered, apk):
    (name, ann), (stranger, bob) = await registered("ann"), await registered("bob")
    window = await visit(DESKTOP)
    await window.log_in(name)
    navigation = window.page.get_by_label("主导航")
    await window.go("消息")
    await expect(window.page.get_by_text("还没有消息")).to_be_visible()

    words = unique("你好")
    for content in (unique("在吗"), words):
        await apk.post(
            "message/action",
            token=bob.token, to_user_id=ann.id, action_type=1, content=content,
        )  # fmt: skip
    row = window.page.get_by_role("listitem").filter(has_text=stranger)
    await expect(row).to_contain_text(words)
    await expect(row.get_by_label("2 条未读")).to_be_visible()
    place = navigation.get_by_role("link", name="消息，2 条未读")
    await expect(place).to_be_visible()
    await window.shot("unread")

    phone = await visit()
    await phone.log_in(name)
    place = phone.page.get_by_label("主导航").get_by_role("link", name="消息，2 条未读")
    await expect(place).to_be_visible()
    await phone.shot("phone")

    await row.get_by_role("link", name=words).click()
    await expect(window.page.get_by_role("log")).to_contain_text(words)
    for each in (window, phone):  # read in one window, the other one knows
        place = each.page.get_by_label("主导航").get_by_role("link", name="消息", exact=True)
        await expect(place).to_be_visible()

    await window.go("朋友")
    await expect(window.page.get_by_text("互相关注的人会出现在这里")).to_be_visible()
    for one, other in ((ann, bob), (bob, ann)):
        await apk.post("relation/action", token=one.token, to_user_id=other.id, action_type=1)
    await expect(window.page.get_by_role("listitem").filter(has_text=stranger)).to_be_visible()
    await window.shot("friends")
