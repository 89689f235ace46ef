"""Makes the README's screenshot: the feed on a desktop and on a phone, in one PNG.

The system runs with demo data. Chromium takes both screenshots and places them on one page. FFmpeg
reduces the screenshot of that page to 256 colours, a quarter of the size.
"""

import argparse
import asyncio
import base64
import tempfile
from pathlib import Path
from typing import Final

import av
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from microkit import __version__
from scripts import chromium, demo
from scripts.benchmark import system

_ROOT: Final = Path(__file__).parents[1]
_OUTPUT: Final = _ROOT / "docs" / "feed.png"
_LARGEST_BYTES: Final = 200_000
_USER: Final = "林晓雨"
_LOCALE: Final = "zh-CN"
_DESKTOP: Final = ViewportSize(width=1200, height=760)
_PHONE: Final = ViewportSize(width=390, height=780)
_PICTURE: Final = ViewportSize(width=1280, height=608)
_COMPOSED: Final = """
<style>
  body {{ margin: 0; display: flex; justify-content: space-between; }}
  img {{ height: 608px; border-radius: 16px; }}
</style>
<img src="data:image/png;base64,{desktop}">
<img src="data:image/png;base64,{phone}">
"""


def main() -> None:
    """Parse the command line, start the system and write the picture."""
    parser = argparse.ArgumentParser(prog="scripts/screenshot", description=__doc__)
    parser.add_argument("--output", type=Path, default=_OUTPUT, help="default: docs/feed.png")
    parser.add_argument("--version", action="version", version=f"scripts/screenshot {__version__}")
    output: Path = parser.parse_args().output
    program = chromium.program()
    with tempfile.TemporaryDirectory(prefix="screenshot-") as name:
        folder = Path(name)
        with system.running(folder, _ROOT) as running:
            asyncio.run(demo.fill(running.url, print))
            (folder / "composed.png").write_bytes(_screenshots(program, running.url))
        reduced(folder / "composed.png", output)
    size = output.stat().st_size
    print(f"{output}: {size} bytes")
    if size > _LARGEST_BYTES:
        raise SystemExit(f"the picture is larger than {_LARGEST_BYTES} bytes")


def _screenshots(program: str, url: str) -> bytes:
    """Take both screenshots and return them in one PNG."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=chromium.FLAGS)
        try:
            return _composed(browser, _desktop(browser, url), _phone(browser, url))
        finally:
            browser.close()


def _desktop(browser: Browser, url: str) -> bytes:
    """The feed with open comments, at the most commented of the first ten videos."""
    page = browser.new_page(viewport=_DESKTOP, locale=_LOCALE)
    _log_in(page, url)
    counts = page.locator("#home [data-part=comments]").all_text_contents()[:10]
    number = max(range(len(counts)), key=lambda each: int(counts[each]))
    _turn(page, number)
    page.locator("#home [data-part=comment]").nth(number).click()
    page.get_by_role("dialog").get_by_role("listitem").first.wait_for()
    return _still(page)


def _phone(browser: Browser, url: str) -> bytes:
    page = browser.new_page(viewport=_PHONE, is_mobile=True, has_touch=True, locale=_LOCALE)
    _log_in(page, url)
    _turn(page, 2)
    page.keyboard.press("m")
    return _still(page)


def _log_in(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_role("link", name="登录").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("用户名").fill(_USER)
    dialog.get_by_label("密码").fill(demo.PASSWORD)
    dialog.get_by_role("button", name="登录").click()
    page.get_by_role("heading", name=_USER).wait_for()
    page.get_by_role("link", name="推荐").click()


def _turn(page: Page, times: int) -> None:
    """Go to the next video `times` times; wait until each plays."""
    for number in range(times + 1):
        if number:
            page.keyboard.press("ArrowDown")
        page.wait_for_function(
            """number => {
                const video = document.querySelectorAll('#home .card video')[number];
                return video && !video.paused && video.currentTime > 0.5;
            }""",
            arg=number,
        )


def _still(page: Page) -> bytes:
    """A screenshot after all images have loaded, without a toast or a focus ring."""
    page.evaluate("document.activeElement.blur()")
    page.locator("#toast").wait_for(state="hidden")
    page.wait_for_function("() => [...document.images].every(image => image.complete)")
    return page.screenshot()


def _composed(browser: Browser, desktop: bytes, phone: bytes) -> bytes:
    page = browser.new_page(viewport=_PICTURE)
    pictures = {"desktop": desktop, "phone": phone}
    encoded = {name: base64.b64encode(data).decode() for name, data in pictures.items()}
    page.set_content(_COMPOSED.format(**encoded), wait_until="load")
    return page.screenshot(omit_background=True)


def reduced(source: Path, output: Path, colours: int = 256) -> None:
    """Write a picture again with a palette of so many colours, one of them transparent."""
    with av.open(str(source)) as opened:
        frame = next(opened.decode(video=0))
    graph = av.filter.Graph()
    split = graph.add("split")
    palette = graph.add("palettegen", f"max_colors={colours}:reserve_transparent=1")
    use = graph.add("paletteuse", "dither=sierra2_4a")
    sink = graph.add("buffersink")
    graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
    ).link_to(split)
    split.link_to(use, 0, 0)
    split.link_to(palette, 1, 0)
    palette.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    graph.push(frame)
    graph.push(None)
    reduced = graph.vpull()
    output.parent.mkdir(exist_ok=True)
    with av.open(str(output), "w", format="image2") as made:
        stream = made.add_stream("png", rate=1, options={"pred": "mixed"})
        stream.width, stream.height, stream.pix_fmt = reduced.width, reduced.height, "pal8"
        for packet in (*stream.encode(reduced), *stream.encode(None)):
            made.mux(packet)


if __name__ == "__main__":
    main()
