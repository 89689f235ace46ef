"""When a Range request is honoured (RFC 9110, sections 13.1.5 and 14.2)."""

import re
from collections.abc import Mapping
from typing import Final

_RANGE: Final = re.compile(r"bytes=(?:(\d+)-(\d*)|-\d+)", re.ASCII | re.IGNORECASE)
_MAX_LENGTH: Final = 64


def is_range(text: str) -> bool:
    """Return whether this is a single valid byte range. Multiple ranges are ignored, as allowed."""
    match = _RANGE.fullmatch(text.strip()) if len(text) <= _MAX_LENGTH else None
    if match is None:
        return False
    first, last = match.groups()
    return not (first and last) or int(first) <= int(last)


def range_counts(headers: Mapping[str, str], etag: str, last_modified: str) -> bool:
    """Return whether the request's `Range` applies to this representation.

    It is ignored if it is malformed or `If-Range` names another representation.
    """
    if not is_range(headers.get("Range", "")):
        return False
    condition = headers.get("If-Range")
    return condition is None or condition.strip() in (etag, last_modified)
