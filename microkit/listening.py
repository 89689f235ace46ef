"""Closing a listening socket without cutting connections that clients believe are open."""

import asyncio
import ctypes
import os
import socket
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Final, Protocol

_SO_ATTACH_FILTER: Final = 26
# Classic BPF on the TCP header: drop a segment with SYN (bit 1 of byte 13), pass every other.
_DROP_SYN: Final = b"".join(
    struct.pack("=HBBI", *instruction)
    for instruction in (
        (0x30, 0, 0, 13),
        (0x45, 0, 1, 2),
        (0x06, 0, 0, 0),
        (0x06, 0, 0, 0xFFFFFFFF),
    )
)
_INSTRUCTION_BYTES: Final = 8
# The event loop accepts what is in the queue as soon as it runs: a few milliseconds.
_ACCEPT_SECONDS: Final = 0.05


class Listening(Protocol):
    """A listening socket."""

    def fileno(self) -> int:
        """Return its file descriptor."""


async def accept_pending(sockets: Iterable[Listening]) -> None:
    """Let the event loop accept what is connected, while nothing new connects.

    The kernel resets connections that were not accepted when their socket closes, though clients
    may have sent a request on them. On Linux, clients that connect now try again in a second and
    are then refused; elsewhere the reset remains possible.
    """
    for listening in sockets:
        with suppress(OSError), socket.socket(fileno=os.dup(listening.fileno())) as sock:
            _drop_new(sock)
    await asyncio.sleep(_ACCEPT_SECONDS)


def _drop_new(sock: socket.socket) -> None:
    """Make the kernel ignore new connections to a listening socket."""
    if sys.platform == "linux":
        program = ctypes.create_string_buffer(_DROP_SYN, len(_DROP_SYN))
        count = len(_DROP_SYN) // _INSTRUCTION_BYTES
        sock.setsockopt(
            socket.SOL_SOCKET,
            _SO_ATTACH_FILTER,
            struct.pack("HL", count, ctypes.addressof(program)),
        )
