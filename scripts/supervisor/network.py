"""Ports and addresses of this machine."""

import random
import socket
from typing import Final

# Below those that systems give to outgoing connections: what listens here and is started again
# finds its port free.
_CHOICE: Final = range(15_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Return ports in a row on which nothing listens.

    In a row that starts at a multiple of their number: others who choose at the same moment hardly
    ever choose the same.
    """
    while True:
        first = random.choice(range(_CHOICE.start, _CHOICE.stop - count, count))
        ports = list(range(first, first + count))
        if not any(map(in_use, ports)):
            return ports


def in_use(port: int) -> bool:
    """Does something listen on the port already?"""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return True
    return False


def address_on_network() -> str | None:
    """Return the address that others on the same network use for this machine, None without one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Sends nothing: it only chooses the interface that leads outside.
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address: str = probe.getsockname()[0]
    return None if address.startswith("127.") else address
