"""What happens between people, for /metrics."""

from typing import Final

from microkit.metrics import counter

FOLLOWS: Final = counter("follows", "Follows that changed", change=("added", "removed"))
MESSAGES: Final = counter("messages", "Messages sent")
