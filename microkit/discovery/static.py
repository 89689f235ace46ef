"""Fixed addresses, from the settings."""

from collections.abc import Sequence

from microkit.config import ConfigError, Settings
from microkit.discovery import Instance


class StaticResolver:
    """Answers the addresses of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: dict[str, Sequence[Instance]] = {}

    def known(self, service: str) -> Sequence[Instance]:
        """Return the instances that were asked for before."""
        return self._known.get(service, ())

    async def resolve(self, service: str) -> Sequence[Instance]:
        """Return the instances that the settings name for `service`.

        Raises:
            ConfigError: an address that is none.
        """
        known = self._known.get(service)
        if known is None:
            known = [parse(text) for text in self._settings.address(service).split(",")]
            self._known[service] = known
        return known


def parse(text: str) -> Instance:
    """Read ``host:port`` or ``host:port@weight``.

    Raises:
        ConfigError: the text is neither.
    """
    address, _, weight = text.strip().partition("@")
    host, _, port = address.rpartition(":")
    numbers = port.isdecimal() and (weight or "1").isdecimal()
    if not host or not numbers or int(port) > 65535:
        raise ConfigError(f"address {text!r}: want host:port or host:port@weight")
    return Instance(host.strip("[]"), int(port), int(weight or 10))
