"""The address of a client, also behind proxies."""

import functools
import ipaddress
import logging
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

from aiohttp import web

from microkit.config import ConfigError

_log = logging.getLogger(__name__)

_Address = IPv4Address | IPv6Address
_Networks = tuple[IPv4Network | IPv6Network, ...]

_FORWARDED: Final = "X-Forwarded-For"
_IPV6_PREFIX: Final = 64  # what a provider gives to one customer
_CACHE_SIZE: Final = 4096


class Addresses:
    """Names clients by their addresses; one of IPv6 stands for its /64.

    Args:
        trusted_proxies: networks separated by commas. Only their `X-Forwarded-For` is believed.
        exempt: networks separated by commas, to which limits per address do not apply.

    Raises:
        ConfigError: a network is malformed.
    """

    def __init__(self, trusted_proxies: str, exempt: str) -> None:
        self._trusted = _networks("TRUSTED_PROXIES", trusted_proxies)
        self._exempt = _networks("LIMIT_EXEMPT_ADDRESSES", exempt)
        self._warned = False

    def of(self, request: web.Request) -> str:
        """Return the address of a request's client."""
        return self.client(request.remote or "", request.headers.getall(_FORWARDED, ()))

    def client(self, peer: str, forwarded: Sequence[str]) -> str:
        """Return the address of the client behind a connection.

        Args:
            peer: the other end of the connection.
            forwarded: its `X-Forwarded-For` headers.
        """
        address = _parsed(peer)
        if address is None:
            return ""
        if not self._trusts(address):
            self._warn(address, forwarded)
            return _name(address)
        # Each proxy appends the address that it was called from: clients can write anything before.
        for text in reversed(",".join(forwarded).split(",")):
            hop = _parsed(text)
            if hop is None:
                break
            address = hop
            if not self._trusts(address):
                break
        return _name(address)

    def is_exempt(self, address: str) -> bool:
        """Return whether limits per address do not apply to an address returned by `of`."""
        parsed = _parsed(address)
        return parsed is not None and any(parsed in each for each in self._exempt)

    def _trusts(self, address: _Address) -> bool:
        return any(address in each for each in self._trusted)

    def _warn(self, peer: _Address, forwarded: Sequence[str]) -> None:
        if forwarded and not self._warned:
            self._warned = True
            _log.warning(
                "%s from %s, which TRUSTED_PROXIES does not name: if it is a proxy, all its "
                "clients count as one address",
                _FORWARDED,
                peer,
            )


def _networks(setting: str, text: str) -> _Networks:
    try:
        return tuple(ipaddress.ip_network(each.strip()) for each in text.split(",") if each.strip())
    except ValueError as error:
        raise ConfigError(f"{setting}: {error}; want networks like 10.0.0.0/8,::1") from None


@functools.lru_cache(_CACHE_SIZE)
def _parsed(text: str) -> _Address | None:
    """Return an address, which some proxies send with a port or in brackets; None for others."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _name(address: _Address) -> str:
    if isinstance(address, IPv4Address) or address.is_loopback:
        return str(address)
    return str(ipaddress.ip_network((address, _IPV6_PREFIX), strict=False).network_address)
