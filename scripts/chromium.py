"""The Chromium on this machine: for the README's screenshot and the browser tests."""

from typing import Final

from scripts import servers

# Chromium refuses to run as root without --no-sandbox. The others stop its own network requests.
FLAGS: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def program() -> str:
    """Return the path of Chromium.

    Raises:
        NotInstalledError: Chromium is not installed.
    """
    return servers.program("chromium", "Debian: chromium fonts-noto-cjk fonts-noto-color-emoji")
