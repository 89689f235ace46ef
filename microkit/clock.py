"""Wall-clock times: milliseconds since 1970 in stores and over HTTP, nanoseconds in some IDLs."""

import time
from typing import Final

NS_PER_MS: Final = 1_000_000


def now_ms() -> int:
    """Return the current time in milliseconds since 1970."""
    return time.time_ns() // NS_PER_MS
