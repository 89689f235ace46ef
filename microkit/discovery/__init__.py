"""Where a service's instances are: `DISCOVERY_URL` chooses how that is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Instance:
    """One running process of a service."""

    host: str
    port: int
    weight: int = 10

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Resolver(Protocol):
    """Knows the instances of a service."""

    async def resolve(self, service: str) -> Sequence[Instance]:
        """Return the instances of `service`, the last known ones while nobody can be asked."""
