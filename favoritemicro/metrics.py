"""What happens to likes, for /metrics."""

from typing import Final

from microkit.metrics import counter

LIKES: Final = counter("likes", "Likes that changed", change=("added", "removed"))
