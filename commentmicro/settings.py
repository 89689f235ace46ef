"""The settings of the service."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from microkit.config import ConfigError
from microkit.storage.settings import SqlSettings


@dataclass(frozen=True, kw_only=True)
class Settings(SqlSettings):
    """Those of every process and of its database, and the time zone of comments' dates."""

    timezone: str = "Asia/Shanghai"

    def zone(self) -> ZoneInfo:
        """Return the time zone.

        Raises:
            ConfigError: there is no such zone.
        """
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            wanted = "want a name like Asia/Shanghai or UTC"
            raise ConfigError(f"TIMEZONE={self.timezone!r}: {wanted}") from error
