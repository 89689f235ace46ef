"""The service's settings."""

from dataclasses import dataclass

from microkit.storage.settings import RedisSettings


@dataclass(frozen=True, kw_only=True)
class Settings(RedisSettings):
    """Common and Redis settings."""
