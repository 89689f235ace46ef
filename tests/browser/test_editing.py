"""Stories about changing one's profile and password, in one window and another one."""

from browser.visitor import DESKTOP, PASSWORD, STORY, unique
from photos import photo
from playwright.async_api import expect

pytestmark = STORY


async def test_a_profile_and_a_password_are_changed_and_other_windows_are_logged_out(
    visit, registered, tmp_path
):
    face, sea = tmp_path / "face.jpg", tmp_path / "sea.png"
    photo(face, 600, 800, 6)
    photo(sea, 1600, 1200)
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
    await window.page.get_by_label("选择背景").set_input_files(__file__)
    await expect(window.page.get_by_text("请选择 JPEG")).to_be_visible()
    for label, picture in (("选择头像", face), ("选择背景", sea)):
        await window.page.get_by_label(label).set_input_files(picture)
    await expect(window.page.locator(".pictures img[src^='blob:']")).to_have_count(2)
    await window.shot("form")
    await window.page.get_by_role("button", name="保存").click()
    await expect(window.page.get_by_role("heading", name=renamed)).to_be_visible()
    await expect(window.page.get_by_text(words)).to_be_visible()
    await loaded(window, ".profile .portrait", 400, 400)
    await loaded(window, ".profile .banner", 1280, 720)
    await window.shot("saved")

    await window.page.get_by_role("link", name="编辑资料").click()
    await window.page.get_by_role("button", name="移除头像").click()
    await expect(window.page.get_by_text("图片已移除")).to_be_visible()
    await expect(window.page.get_by_role("button", name="移除头像")).to_be_hidden()
    await loaded(window, ".pictures [data-part=avatar]", 320, 320)
    await window.shot("removed")
    await window.go("我")

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


async def loaded(window, selector, width, height):
    """Wait until a picture of this size is shown."""
    await window.page.wait_for_function(
        "([selector, width, height]) => { const found = document.querySelector(selector);"
        " return found?.naturalWidth === width && found.naturalHeight === height; }",
        arg=[selector, width, height],
    )
