"""Fixed addresses, from the settings."""

from collections.abc import Sequence

from microkit.config import ConfigError, Settings
from microkit.discovery import Instance


class StaticResolver:
    """Answers the addresses of the settings.

    Raises:
        ConfigError: an address that is none.
    """

    def __init__(self, settings: Settings) -> None:
        self._known: dict[str, Sequence[Instance]] = {
            service: [parse(text) for text in addresses.split(",")]
            for service, addresses in settings.addresses().items()
        }

    def known(self, service: str) -> Sequence[Instance]:
        """Return the instances that the settings name for `service`."""
        return self._known[service]

    async def resolve(self, service: str) -> Sequence[Instance]:
        """Return the same."""
        return self.known(service)


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
