"""A health check for containers: ``python -m microkit.health ADMIN_PORT``."""

import sys
import urllib.request
from typing import Final

from microkit import __version__

_TIMEOUT_SECONDS: Final = 3


def main() -> None:
    """Exit with 0 if /healthz of the local process succeeds, else with 1 and the reason."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"microkit.health {__version__}\n")
        return
    if len(sys.argv) != 2 or not sys.argv[1].isdecimal():
        sys.exit("usage: python -m microkit.health ADMIN_PORT")
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/healthz", timeout=_TIMEOUT_SECONDS)
    except OSError as error:
        sys.exit(f"not ready: {error}")


if __name__ == "__main__":
    main()
