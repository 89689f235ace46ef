"""The service's settings."""

from dataclasses import dataclass

from microkit.storage.settings import SqlSettings


@dataclass(frozen=True, kw_only=True)
class Settings(SqlSettings):
    """Common and SQL settings."""
