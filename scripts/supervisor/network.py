"""Ports of this machine."""

import socket


class ReservedPort:
    """A free port that no other process is given while this object lives.

    The socket is bound with SO_REUSEADDR and never listens. Linux then lets a server that sets
    SO_REUSEADDR listen on the port, as all of ours do, also after a restart. It does not choose
    the port for anybody who asks for any free port, nor for an outgoing connection.
    """

    def __init__(self) -> None:
        self._holder = socket.socket()
        self._holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._holder.bind(("", 0))
        self.number: int = self._holder.getsockname()[1]


def in_use(port: int) -> bool:
    """Does something listen on the port already?"""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return True
    return False
