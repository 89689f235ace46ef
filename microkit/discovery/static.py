"""Static discovery: fixed addresses from the settings."""

from collections.abc import Mapping, Sequence
from typing import Final

from microkit.config import ConfigError
from microkit.discovery import Instance

_UNIX: Final = "unix:/"


class StaticResolver:
    """Resolves the services in `ports` to fixed addresses.

    A service without an address is at its default port on this machine.

    Raises:
        ConfigError: an address is invalid.
    """

    def __init__(self, addresses: Mapping[str, str], ports: Mapping[str, int]) -> None:
        self._instances: dict[str, Sequence[Instance]] = {
            service: [
                parse(text) for text in addresses.get(service, f"127.0.0.1:{port}").split(",")
            ]
            for service, port in ports.items()
        }

    def cached(self, service: str) -> Sequence[Instance]:
        """Return the instances of `service`."""
        return self._instances[service]

    async def resolve(self, service: str) -> Sequence[Instance]:
        """Return the instances of `service`."""
        return self._instances[service]


def parse(text: str) -> Instance:
    """Read ``host:port`` or ``unix:/path``, or either with ``@weight``.

    Raises:
        ConfigError: the text has another form.
    """
    address, _, weight = text.strip().partition("@")
    if address.startswith(_UNIX) and (weight or "1").isdecimal():
        return Instance("", 0, int(weight or 10), address.removeprefix("unix:"))
    host, _, port = address.rpartition(":")
    numbers = port.isdecimal() and (weight or "1").isdecimal()
    if not host or not numbers or int(port) > 65535:
        raise ConfigError(f"address {text!r}: want host:port, host:port@weight or unix:/path")
    return Instance(host.strip("[]"), int(port), int(weight or 10))
