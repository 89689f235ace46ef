"""Times of the feed: HTTP has milliseconds since 1970, videoservice nanoseconds."""

from typing import Final

from microkit.clock import NS_PER_MS

_NEWEST_NS: Final = 2**62
# `next_time` of an empty page: a future time, so that the client starts over from the newest video.
_START_OVER_MS: Final = 9_999_999_999_999


def before_ns(latest_ms: int | None) -> int:
    """Return the time before which videos are requested; no time means the newest.

    A future time means the newest, too. It is not clamped to now, so that pages do not repeat if
    another host's clock is ahead.
    """
    if not latest_ms or latest_ms < 0:
        return _NEWEST_NS
    return min(latest_ms * NS_PER_MS, _NEWEST_NS)


def next_time_ms(next_ns: int, *, empty: bool) -> int:
    """Return `next_time` after a page whose last video was published at `next_ns`."""
    return _START_OVER_MS if empty else next_ns // NS_PER_MS
