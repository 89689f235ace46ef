"""Makes the PNG icons of the web client from api/web/icon.svg: for home screens and for iOS.

Chromium draws them; `scripts.screenshot` reduces them to a palette.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from playwright.sync_api import Page, ViewportSize, sync_playwright

from microkit import __version__
from scripts import chromium
from scripts.screenshot import reduced

_FOLDER: Final = Path(__file__).parents[1] / "api" / "web"
_DRAWN: Final = """
<style>
  body {{ margin: 0; background: {ground}; height: 100vh; display: grid; place-content: center; }}
  svg {{ display: block; width: {size}px; height: {size}px; }}
</style>
{svg}
"""


class Icon(NamedTuple):
    """A file, its edge in pixels, what is behind the drawing, and how much of the edge it takes."""

    name: str
    edge: int
    ground: str
    part: float


_GROUND: Final = "#161823"  # that of the drawing
ICONS: Final = (
    Icon("icon-192.png", 192, "transparent", 1),
    Icon("icon-512.png", 512, "transparent", 1),
    # Systems cut off the corners: the drawing stays within the circle that they leave.
    Icon("icon-maskable-512.png", 512, _GROUND, 0.8),
    Icon("icon-apple-180.png", 180, _GROUND, 0.9),
)


def main() -> None:
    """Parse the command line and write the icons."""
    parser = argparse.ArgumentParser(prog="scripts/icons", description=__doc__)
    parser.add_argument("--folder", type=Path, default=_FOLDER, help="default: api/web")
    parser.add_argument("--version", action="version", version=f"scripts/icons {__version__}")
    folder: Path = parser.parse_args().folder
    svg = (_FOLDER / "icon.svg").read_text()
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as name:
        browser = playwright.chromium.launch(
            executable_path=chromium.program(), args=chromium.FLAGS
        )
        page = browser.new_page()
        for icon in ICONS:
            drawn = Path(name) / icon.name
            _draw(page, svg, icon, drawn)
            reduced(drawn, folder / icon.name, colours=64)
            print(f"{icon.name}: {(folder / icon.name).stat().st_size} bytes")
        browser.close()


def _draw(page: Page, svg: str, icon: Icon, output: Path) -> None:
    page.set_viewport_size(ViewportSize(width=icon.edge, height=icon.edge))
    size = round(icon.edge * icon.part)
    page.set_content(_DRAWN.format(ground=icon.ground, size=size, svg=svg))
    page.screenshot(path=output, omit_background=True)


if __name__ == "__main__":
    main()
