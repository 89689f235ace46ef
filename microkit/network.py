"""Addresses of this machine."""

import socket
from typing import NamedTuple


class Address(NamedTuple):
    """Where a process listens; a shared port is one that other processes listen on too."""

    host: str
    port: int
    shared: bool = False


def outside_address(family: socket.AddressFamily = socket.AF_INET) -> str | None:
    """Return the address of this machine that others on its network use, None without a network."""
    outside = "2001:db8::1" if family == socket.AF_INET6 else "192.0.2.1"
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            # Sends nothing: it only chooses the interface that leads outside.
            probe.connect((outside, 9))
        except OSError:
            return None
        address: str = probe.getsockname()[0]
    return None if address.startswith("127.") or address == "::1" else address


def reachable_address(host: str) -> str:
    """Return the address that callers use for a process that listens on `host`."""
    if host not in ("0.0.0.0", "::", ""):  # noqa: S104 - compared, not listened on
        return host
    if host == "::":  # not reached by IPv4
        return outside_address(socket.AF_INET6) or "::1"
    return outside_address() or "127.0.0.1"
