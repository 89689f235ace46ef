"""Which requests for a part of an object count (RFC 9110, sections 13.1.5 and 14.2)."""

import re
from collections.abc import Mapping
from typing import Final

_RANGE: Final = re.compile(r"bytes=(?:(\d+)-(\d*)|-\d+)", re.ASCII | re.IGNORECASE)
_LONGEST: Final = 64


def is_range(text: str) -> bool:
    """Whether this is one valid range of bytes; several are valid too, but may be ignored."""
    found = _RANGE.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if found is None:
        return False
    first, last = found.groups()
    return not (first and last) or int(first) <= int(last)


def range_counts(headers: Mapping[str, str], etag: str, last_modified: str) -> bool:
    """Whether the request's `Range` is to be answered with a part of this representation.

    It is ignored when it is malformed, or when `If-Range` names another representation.
    """
    if not is_range(headers.get("Range", "")):
        return False
    condition = headers.get("If-Range")
    return condition is None or condition.strip() in (etag, last_modified)
