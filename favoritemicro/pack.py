"""Data from Redis to the contract's values."""

from collections.abc import Mapping

from favoritemicro.dal.favorite import LikeCounts
from idl import favoritemicro


def user_counts(counts: Mapping[int, LikeCounts]) -> dict[int, list[int]]:
    """Return each user's [likes given, likes received]."""
    return {user: [each.given, each.received] for user, each in counts.items()}


def summary_columns(
    likes: list[int], given: list[int], received: list[int], liked: list[list[int]]
) -> favoritemicro.FavoriteSummaryResp:
    """Return a page's counts as lists; the maps, which the contract requires, are empty."""
    return favoritemicro.FavoriteSummaryResp.ok(
        video_favorite_count_map={},
        is_favorite_map={},
        user_favorite_count_map={},
        liked=liked,
        video_counts=likes,
        given_counts=given,
        received_counts=received,
    )
