"""The web client in Chromium, in front of a whole system, as people use it."""

import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from e2e.apk import Apk, Person, opened
from e2e.conftest import ROOT, System
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Locator,
    Page,
    async_playwright,
    expect,
)

from scripts import servers
from scripts.clips import make_clip
from scripts.servers import wait_for

RESULTS = ROOT / "test-results"
PATIENCE_MS = 60_000
PASSWORD = "secret"
PHONE = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}
DESKTOP = {"viewport": {"width": 1280, "height": 760}}
# No network but the system's, no profile but an empty one; root needs --no-sandbox.
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip

# All stories run in one event loop: they share a browser.
STORY = pytest.mark.asyncio(loop_scope="session")

expect.set_options(timeout=PATIENCE_MS)


class Visitor:
    """One person's browser window, and everything that went wrong in it."""

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
        """Wait until somebody is logged in."""
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
        """Wait until the video of a card really plays: it has pictures, and its time moves."""
        video = await card.locator("video").element_handle()
        await self.page.wait_for_function(
            "video => video.videoWidth > 0 && !video.paused && video.played.length > 0"
            " && video.played.end(0) > 0.2",
            arg=video,
        )

    async def shot(self, name: str) -> None:
        """Keep a picture of the window."""
        self._results.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=self._results / f"{name}.png")

    def expect_fault(self, pattern: str) -> None:
        """Take away the faults that the story provokes; there has to be one."""
        rest = [fault for fault in self.faults if not re.search(pattern, fault)]
        assert len(rest) < len(self.faults), self.faults
        self.faults = rest

    def _console(self, message: ConsoleMessage) -> None:
        # Violations of the Content-Security-Policy are errors here, too.
        if message.type in {"error", "warning"}:
            self.faults.append(f"console: {message.text}")

    async def _dialog(self, dialog: Dialog) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        await dialog.dismiss()


Visit = Callable[..., Awaitable[Visitor]]


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A whole system, empty at first, that the stories share."""
    folder = tmp_path_factory.mktemp("system")
    running = System(folder / "data", folder / "log", "--free-ports")
    yield running
    assert running.stop() == 0
    wait_for(lambda: not running.leftovers())


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    binary = servers.program("chromium", "Debian: chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=binary, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def apk(system: System) -> AsyncIterator[Apk]:
    """A client that makes what a story needs to be there already."""
    async with opened(system.url) as session:
        yield Apk(session)


@pytest_asyncio.fixture(loop_scope="session")
async def visit(
    chromium: Browser, system: System, request: pytest.FixtureRequest
) -> AsyncIterator[Visit]:
    """Opens the page in a new window each time; at the end no window may have had an error."""
    visitors: list[Visitor] = []
    contexts: list[BrowserContext] = []

    async def open_page(device: dict[str, object] = PHONE, **options: object) -> Visitor:
        contexts.append(await chromium.new_context(**{**device, **options}))
        results = RESULTS / request.node.name.removeprefix("test_")
        visitors.append(Visitor(await contexts[-1].new_page(), results))
        await visitors[-1].page.goto(system.url)
        return visitors[-1]

    yield open_page
    for number, visitor in enumerate(visitors, 1):
        await visitor.shot(f"end-{number}")
    for context in contexts:
        await context.close()
    assert [fault for visitor in visitors for fault in visitor.faults] == []


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip long enough to be watched."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    make_clip(path, seed=2, seconds=3)
    return path


def unique(name: str) -> str:
    """A name that no other story uses."""
    return f"{name}{uuid.uuid4().hex[:6]}"


@pytest.fixture
def registered(apk: Apk) -> Callable[[str], Awaitable[tuple[str, Person]]]:
    """Registers somebody; returns the name and the person."""

    async def register(name: str) -> tuple[str, Person]:
        name = unique(name)
        return name, await apk.register(name)

    return register


@pytest.fixture
def published(apk: Apk, clip: Path) -> Callable[..., Awaitable[str]]:
    """Publishes a clip as somebody; returns its title, which no other clip has."""

    async def publish(who: Person, title: str = "clip") -> str:
        title = unique(title)
        answer = await apk.publish(who, clip, title)
        assert answer["status_code"] == 0, answer
        return title

    return publish
