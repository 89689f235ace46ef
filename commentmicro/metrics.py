"""What happens to comments, for /metrics."""

from typing import Final

from microkit.metrics import counter

COMMENTS: Final = counter("comments", "Comments that changed", change=("added", "removed"))
