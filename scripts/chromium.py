"""The Chromium of this machine, for the README's picture and for the tests of the web client."""

from typing import Final

from scripts import servers

# Root needs --no-sandbox. The rest keeps Chromium from calling addresses of its own.
FLAGS: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def program() -> str:
    """Return the path of Chromium.

    Raises:
        NotInstalledError: it is not on this machine.
    """
    return servers.program("chromium", "Debian: chromium fonts-noto-cjk fonts-noto-color-emoji")
