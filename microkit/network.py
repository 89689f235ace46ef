"""Addresses of this machine."""

import socket
from typing import NamedTuple


class Address(NamedTuple):
    """A listen address; `shared`: other processes listen on the port too (SO_REUSEPORT)."""

    host: str
    port: int
    shared: bool = False


def outside_address(family: socket.AddressFamily = socket.AF_INET) -> str | None:
    """Return this machine's address on its network, None without a network."""
    remote = "2001:db8::1" if family == socket.AF_INET6 else "192.0.2.1"
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting UDP sends nothing; it selects the interface of the default route.
            probe.connect((remote, 9))
        except OSError:
            return None
        address: str = probe.getsockname()[0]
    return None if address.startswith("127.") or address == "::1" else address


def reachable_address(host: str) -> str:
    """Return the address at which callers reach a process that listens on `host`."""
    if host not in ("0.0.0.0", "::", ""):  # noqa: S104 - compared, not listened on
        return host
    if host == "::":  # IPv6 only
        return outside_address(socket.AF_INET6) or "::1"
    return outside_address() or "127.0.0.1"
