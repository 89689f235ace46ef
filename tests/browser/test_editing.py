"""Stories about changing one's profile and password, in one window and another one."""

from browser.visitor import DESKTOP, PASSWORD, STORY, unique
from playwright.async_api import expect

pytestmark = STORY


async def test_a_profile_and_a_password_are_changed_and_other_windows_are_logged_out(
    visit, registered
):
    name, _ = await registered("ann")
    window, other = await visit(DESKTOP), await visit()
    for each in (window, other):
        await each.log_in(name)
    await window.go("我")
    await window.page.get_by_role("link", name="编辑资料").click()
    await expect(window.page.get_by_role("textbox", name="用户名")).to_have_value(name)
    renamed, words = unique("安"), unique("在路上")
    await window.page.get_by_role("textbox", name="用户名").fill(renamed)
    await window.page.get_by_label("签名").fill(words)
    await window.shot("form")
    await window.page.get_by_role("button", name="保存").click()
    await expect(window.page.get_by_role("heading", name=renamed)).to_be_visible()
    await expect(window.page.get_by_text(words)).to_be_visible()
    await window.shot("saved")

    await window.page.get_by_role("link", name="编辑资料").click()
    await window.page.get_by_label("原密码").fill(PASSWORD)
    await window.page.get_by_label("新密码").fill("another secret")
    await window.page.get_by_role("button", name="修改密码").click()
    await expect(window.page.get_by_text("密码已修改")).to_be_visible()
    await window.go("消息")
    await expect(window.page.get_by_text("还没有消息")).to_be_visible()

    await other.go("朋友")
    await expect(other.page.get_by_role("dialog")).to_be_visible()
    await other.enter(renamed, "another secret")
    await other.entered()
