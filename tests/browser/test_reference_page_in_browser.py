"""The page of the API reference, as a developer uses it."""

from browser.visitor import DESKTOP, STORY
from playwright.async_api import expect

pytestmark = STORY


async def test_a_developer_reads_about_a_method_and_tries_it(visit, system):
    developer = await visit(DESKTOP)
    page = developer.page
    await page.goto(f"{system.url}/docs")
    paths = (await (await page.request.get(f"{system.url}/openapi.json")).json())["paths"]
    methods = sum(len(operations) for operations in paths.values())
    await expect(page.locator(".opblock")).to_have_count(methods)
    feed = page.locator("#operations-core-Feed")
    await feed.locator(".opblock-summary-control").click()
    await feed.get_by_role("button", name="Try it out").click()
    await feed.get_by_role("button", name="Execute").click()
    await expect(feed.locator(".live-responses-table")).to_contain_text('"status_code": 0')
    await developer.shot("reference")
