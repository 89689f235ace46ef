"""The setting of a package that shows times of day."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from microkit.config import ConfigError, Settings


@dataclass(frozen=True, kw_only=True)
class ZoneSettings(Settings):
    """The time zone in which dates and times of day are shown."""

    timezone: str = "UTC"

    def zone(self) -> ZoneInfo:
        """Return the time zone.

        Raises:
            ConfigError: there is no such zone.
        """
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            wanted = "want a name like Europe/Paris or UTC"
            raise ConfigError(f"TIMEZONE={self.timezone!r}: {wanted}") from error
