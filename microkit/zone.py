"""The time zone setting of packages that show local times."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from microkit.config import ConfigError, Settings


@dataclass(frozen=True, kw_only=True)
class ZoneSettings(Settings):
    """Settings with the time zone in which times are shown."""

    timezone: str = "UTC"

    def zone(self) -> ZoneInfo:
        """Return the time zone.

        Raises:
            ConfigError: the time zone does not exist.
        """
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            text = f"TIMEZONE={self.timezone!r}: want a name like Europe/Paris or UTC"
            raise ConfigError(text) from error
