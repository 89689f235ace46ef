"""axe-core in the page."""

from e2e.conftest import ROOT
from playwright.async_api import Page

from scripts.servers import NotInstalledError

_AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
_FINDINGS = """async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const { violations } = await axe.run(document, {
        runOnly: { type: 'tag', values: tags },
        rules: { 'label-content-name-mismatch': { enabled: true } },
        resultTypes: ['violations'],
    });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}"""


async def findings(page: Page) -> list[str]:
    """Return what axe-core finds wrong on the page as it is."""
    if not _AXE.exists():
        raise NotInstalledError("axe-core is not installed (scripts/lint installs it)")
    if await page.evaluate("typeof axe === 'undefined'"):
        await page.evaluate(_AXE.read_text())
    found: list[str] = await page.evaluate(_FINDINGS)
    return found
