"""A visitor: one browser window, driven as a user drives it."""

import re
import uuid
from pathlib import Path

import pytest
from playwright.async_api import ConsoleMessage, Dialog, Locator, Page, expect

PATIENCE_MS = 60_000
PASSWORD = "secret"
CHINESE = {"locale": "zh-CN"}
ENGLISH = {"locale": "en-US"}
PHONE = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}
DESKTOP = {"viewport": {"width": 1280, "height": 760}}
# All stories run in one event loop: they share a browser.
STORY = pytest.mark.asyncio(loop_scope="session")

expect.set_options(timeout=PATIENCE_MS)


class Visitor:
    """One browser window, and the errors that occurred in it."""

    def __init__(self, page: Page, results: Path) -> None:
        self.page = page
        self.faults: list[str] = []
        self._results = results
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(f"exception: {error}"))
        page.on("dialog", self._dialog)

    def card(self, title: str) -> Locator:
        """The card of the video with this title."""
        return self.page.locator("#home .card").filter(has_text=title)

    async def enter(self, name: str, password: str = PASSWORD) -> None:
        """Log in with the dialog that is open."""
        dialog = self.page.get_by_role("dialog")
        await dialog.get_by_label("用户名").fill(name)
        await dialog.get_by_label("密码").fill(password)
        await dialog.get_by_role("button", name="登录").click()

    async def entered(self) -> None:
        """Wait until the login has finished."""
        await expect(self.page.get_by_role("dialog")).to_be_hidden()
        await expect(self.page.get_by_role("link", name="我", exact=True)).to_be_visible()

    async def log_in(self, name: str) -> None:
        """Log in, and come back to the feed."""
        await self.page.get_by_role("link", name="登录").click()
        await self.enter(name)
        await self.entered()
        await self.go("推荐")

    async def go(self, place: str) -> None:
        """Follow a link of the navigation."""
        await self.page.get_by_label("主导航").get_by_role("link", name=place).click()

    async def playing(self, card: Locator) -> None:
        """Wait until a card's video plays: it has a size and its played time grows."""
        video = await card.locator("video").element_handle()
        await self.page.wait_for_function(
            "video => video.videoWidth > 0 && !video.paused && video.played.length > 0"
            " && video.played.end(0) > 0.2",
            arg=video,
        )

    async def escape(self) -> None:
        """Close the open dialog, and wait until its entry of the history is gone."""
        await self.page.keyboard.press("Escape")
        await self.page.wait_for_function("() => history.state === null")

    async def shot(self, name: str) -> None:
        """Keep a picture of the window."""
        self._results.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=self._results / f"{name}.png")

    def expect_fault(self, pattern: str) -> None:
        """Remove the expected faults; at least one must have occurred."""
        rest = [fault for fault in self.faults if not re.search(pattern, fault)]
        assert len(rest) < len(self.faults), self.faults
        self.faults = rest

    def _console(self, message: ConsoleMessage) -> None:
        # Chromium reports violations of the Content-Security-Policy as errors, too.
        if message.type in {"error", "warning"}:
            self.faults.append(f"console: {message.text}")

    async def _dialog(self, dialog: Dialog) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        await dialog.dismiss()


def unique(name: str) -> str:
    """Return a name that no other story uses."""
    return f"{name}{uuid.uuid4().hex[:6]}"
