"""Closing sockets without cutting what clients have sent.

The kernel resets a connection that was not accepted when its listening socket closes, and one that
is closed with unread bytes. A process that gets no CPU for a while has not seen what arrived: the
event loop runs timers before it looks at sockets.
"""

import asyncio
import ctypes
import os
import select
import socket
import struct
import sys
from collections.abc import Sequence
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
_ACCEPT_SECONDS: Final = 0.05  # for handshakes that have begun
_STEP_SECONDS: Final = 0.005
_MAX_ACCEPT_SECONDS: Final = 2.0  # at the limit of file descriptors nothing is accepted


class Socket(Protocol):
    """A listening or connected socket."""

    def fileno(self) -> int:
        """Return its file descriptor."""


def has_input(sock: Socket) -> bool:
    """Return whether the kernel has a connection to accept, or bytes or an end to read."""
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLIN)
    return bool(poll.poll(0))


async def accept_pending(sockets: Sequence[Socket]) -> None:
    """Let the event loop accept what is connected, while nothing new connects by TCP.

    Close the sockets at once when this returns. On Linux, clients that connect now try again in a
    second and are then refused; elsewhere a reset remains possible.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + _MAX_ACCEPT_SECONDS
    for listening in sockets:
        with suppress(OSError), socket.socket(fileno=os.dup(listening.fileno())) as sock:
            if sock.family != socket.AF_UNIX:
                _drop_new(sock)
    await asyncio.sleep(_ACCEPT_SECONDS)
    while any(map(has_input, sockets)) and loop.time() < end:  # noqa: ASYNC110 - no event tells
        await asyncio.sleep(_STEP_SECONDS)


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
