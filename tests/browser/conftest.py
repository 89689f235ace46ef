"""The web client in Chromium, in front of a whole system."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from browser.visitor import CHINESE, PHONE, Visitor, unique
from e2e.apk import Apk, Person, opened
from e2e.conftest import ROOT, System
from playwright.async_api import Browser, BrowserContext, async_playwright

from scripts.chromium import FLAGS, program
from scripts.clips import make_clip
from scripts.servers import wait_for

RESULTS = ROOT / "test-results"
NO_WORKERS = "Object.defineProperty(Navigator.prototype, 'serviceWorker', { value: undefined })"


Visit = Callable[..., Awaitable[Visitor]]


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A whole system, initially empty, shared by all stories."""
    folder = tmp_path_factory.mktemp("system")
    running = System(folder / "data", folder / "log", "--free-ports")
    yield running
    assert running.stop() == 0
    wait_for(lambda: not running.leftovers())


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program(), args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def apk(system: System) -> AsyncIterator[Apk]:
    """An API client that prepares the data of a story."""
    async with opened(system.url) as session:
        yield Apk(session)


@pytest_asyncio.fixture(loop_scope="session")
async def visit(
    chromium: Browser, system: System, request: pytest.FixtureRequest
) -> AsyncIterator[Visit]:
    """Opens the page in a new window; fails at the end if any window had an error."""
    visitors: list[Visitor] = []
    contexts: list[BrowserContext] = []

    async def open_page(
        device: dict[str, object] = PHONE,
        order: str = "latest",
        *,
        workers: bool = False,
        **options: object,
    ) -> Visitor:
        contexts.append(await chromium.new_context(**{**CHINESE, **device, **options}))
        if not workers:  # requests that pass a service worker cannot be held or answered here
            await contexts[-1].add_init_script(NO_WORKERS)
        results = RESULTS / request.node.name.removeprefix("test_")
        visitors.append(Visitor(await contexts[-1].new_page(), results))
        if order:
            await contexts[-1].add_init_script(f"localStorage['douyin.order'] ??= '{order}'")
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
    """A clip that is long enough to watch."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    make_clip(path, seed=2, seconds=3)
    return path


@pytest.fixture
def registered(apk: Apk) -> Callable[[str], Awaitable[tuple[str, Person]]]:
    """Registers a user; returns the name and the person."""

    async def register(name: str) -> tuple[str, Person]:
        name = unique(name)
        return name, await apk.register(name)

    return register


@pytest.fixture
def published(apk: Apk, clip: Path) -> Callable[..., Awaitable[str]]:
    """Publishes a clip for a person; returns its unique title."""

    async def publish(who: Person, title: str = "clip") -> str:
        title = unique(title)
        answer = await apk.publish(who, clip, title)
        assert answer["status_code"] == 0, answer
        return title

    return publish
