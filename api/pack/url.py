"""Object keys to absolute URLs."""

import functools
import re
from typing import Final

# Other callers of the services may have stored anything: javascript:, file:, markup.
_HTTP: Final = re.compile(r"https?://[^\s\x00-\x1f\x7f-\x9f\"<>\\^`{|}]+", re.IGNORECASE)

# The same users and videos appear on many pages.
_KEPT: Final = 10_000


@functools.lru_cache(_KEPT)
def absolute(base: str, stored: str) -> str:
    """Return the URL of a stored object key; an HTTP URL is returned unchanged.

    A URL with another scheme or with invalid characters gives an empty string.
    """
    if "://" not in stored:
        return f"{base}/{stored}" if stored else ""
    return stored if _HTTP.fullmatch(stored) else ""
