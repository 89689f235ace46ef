"""Reserving ports, and checking whether a port is in use."""

import socket


class ReservedPort:
    """A free port that the kernel gives to no other process while this object lives.

    The socket is bound with SO_REUSEADDR and never listens. A server that also sets SO_REUSEADDR
    can then listen on the port, also after a restart. Linux does not choose the port for a bind to
    port 0 or for an outgoing connection.
    """

    def __init__(self, port: int = 0) -> None:
        """Reserve a port; 0: any that is free.

        Raises:
            OSError: the port is not free.
        """
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("", port))
        self.number: int = self._socket.getsockname()[1]


def in_use(port: int) -> bool:
    """Return whether a server already listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return True
    return False
