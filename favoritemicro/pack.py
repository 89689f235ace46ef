"""Data from Redis to the contract's values."""

from collections.abc import Mapping

from favoritemicro.dal.favorite import LikeCounts


def user_counts(counts: Mapping[int, LikeCounts]) -> dict[int, list[int]]:
    """Return each user's [likes given, likes received]."""
    return {user: [each.given, each.received] for user, each in counts.items()}
