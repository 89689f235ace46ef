"""The service's settings."""

from dataclasses import dataclass

from microkit.storage.settings import SqlSettings
from microkit.zone import ZoneSettings


@dataclass(frozen=True, kw_only=True)
class Settings(SqlSettings, ZoneSettings):
    """Common and SQL settings, and the time zone of comments' dates."""

    timezone: str = "Asia/Shanghai"
