"""Measures what opening the web client costs: requests, bytes, and the time to the first frame.

Each round opens the page of each system in a new profile (first visit) and opens it again (second
visit). Bytes are those on the wire, without videos, covers and avatars. Systems take turns, so that
their medians compare on a busy machine.
"""

import argparse
import statistics
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, ViewportSize, sync_playwright

from microkit import __version__
from scripts import chromium

_PHONE: Final = ViewportSize(width=390, height=844)
_SLOW: Final = {
    "offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000,
}  # fmt: skip
_VISITS: Final = ("first visit", "second visit")
# The time of the first frame of a video, and of the first paint, in ms since the navigation began.
_FRAMES: Final = """() => new Promise((done) => {
    const find = () => {
        const video = document.querySelector('video[src]');
        if (!video) return requestAnimationFrame(find);
        const frame = () => done([
            performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
            performance.now(),
        ]);
        if (video.readyState > 2 && video.currentTime > 0) frame();
        else video.requestVideoFrameCallback(frame);
    };
    find();
})"""
# A page without a worker never has a controller: the wait ends.
_CONTROLLED: Final = """() => new Promise((done) => {
    if (navigator.serviceWorker.controller) done();
    navigator.serviceWorker.addEventListener('controllerchange', done, { once: true });
    setTimeout(done, 5000);
})"""


@dataclass
class Visit:
    """What one visit cost."""

    requests: int = 0
    received_bytes: int = 0
    paint_ms: float = 0.0
    frame_ms: float = 0.0


def main() -> None:
    """Parse the command line, measure and print a line per system and visit."""
    parser = argparse.ArgumentParser(prog="scripts/weigh", description=__doc__)
    parser.add_argument("urls", nargs="+", help="addresses of running systems with videos")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--slow", action="store_true", help="a phone's network: 150 ms, 1.6 Mbit/s")
    parser.add_argument("--version", action="version", version=f"scripts/weigh {__version__}")
    given = parser.parse_args()
    visits: dict[tuple[str, str], list[Visit]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.program(), args=chromium.FLAGS
        )
        for _ in range(given.rounds):
            for url in given.urls:
                for name, visit in zip(_VISITS, _round(browser, url, slow=given.slow), strict=True):
                    visits.setdefault((url, name), []).append(visit)
        browser.close()
    for (url, name), made in visits.items():
        print(
            f"{url} {name}: {_median(made, 'requests'):.0f} requests,"
            f" {_median(made, 'received_bytes') / 1000:.1f} kB,"
            f" first paint {_median(made, 'paint_ms'):.0f} ms,"
            f" first frame {_median(made, 'frame_ms'):.0f} ms"
        )


def _median(visits: list[Visit], attribute: str) -> float:
    return float(statistics.median(getattr(visit, attribute) for visit in visits))


def _round(browser: Browser, url: str, *, slow: bool) -> tuple[Visit, Visit]:
    context = browser.new_context(viewport=_PHONE, locale="zh-CN")
    try:
        return _visit(context, url, slow=slow), _visit(context, url, slow=slow)
    finally:
        context.close()


def _visit(context: BrowserContext, url: str, *, slow: bool) -> Visit:
    """Open the page in a new tab; wait for the first frame and for the service worker."""
    page = context.new_page()
    visit, kept = Visit(), set[str]()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    if slow:
        session.send("Network.emulateNetworkConditions", _SLOW)

    def sent(event: dict[str, Any]) -> None:
        address = event["request"]["url"]
        if "/objects/" not in address and "/assets/" not in address:
            kept.add(event["requestId"])

    def answered(event: dict[str, Any]) -> None:
        if event["response"].get("fromServiceWorker"):
            kept.discard(event["requestId"])

    def finished(event: dict[str, Any]) -> None:
        if event["requestId"] in kept:
            visit.requests += 1
            visit.received_bytes += event["encodedDataLength"]

    session.on("Network.requestWillBeSent", sent)
    session.on("Network.responseReceived", answered)
    session.on("Network.loadingFinished", finished)
    page.goto(url)
    visit.paint_ms, visit.frame_ms = page.evaluate(_FRAMES)
    page.evaluate(_CONTROLLED)
    page.close()
    return visit


if __name__ == "__main__":
    main()
