"""The settings of the service."""

from dataclasses import dataclass

from microkit.storage.settings import SqlSettings


@dataclass(frozen=True, kw_only=True)
class Settings(SqlSettings):
    """Those of every process and of its store; it has no others."""
