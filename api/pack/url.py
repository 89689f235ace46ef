"""Object keys to URLs that a phone reaches."""

import functools
import re
from typing import Final

# What other callers of the services stored may be anything: javascript:, file:, markup.
_HTTP: Final = re.compile(r"https?://[^\s\x00-\x1f\x7f-\x9f\"<>\\^`{|}]+", re.IGNORECASE)

# People show the same pictures on page after page.
_KEPT: Final = 10_000


@functools.lru_cache(_KEPT)
def absolute(base: str, stored: str) -> str:
    """Return the URL of a stored object key; an HTTP URL stays as it is.

    A URL of another scheme, or with characters that no URL has, gives an empty text.
    """
    if "://" not in stored:
        return f"{base}/{stored}" if stored else ""
    return stored if _HTTP.fullmatch(stored) else ""
