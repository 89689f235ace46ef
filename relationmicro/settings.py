"""The settings of the service."""

from dataclasses import dataclass

from microkit.storage.settings import RedisSettings


@dataclass(frozen=True, kw_only=True)
class Settings(RedisSettings):
    """Those of every process and of its store; it has no others."""
