"""What happens to videos, for /metrics."""

from typing import Final

from microkit.metrics import counter

PUBLISHES: Final = counter("publishes", "Videos published")
