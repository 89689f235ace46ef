"""What is attacked, and the connections of attackers."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_READ: int = 1 << 16


@dataclass(frozen=True, slots=True)
class Target:
    """A running system: ports, a user's token, the path of an object, and a video to upload."""

    http: int
    rpc: Iterable[int]
    token: str
    object_path: str
    clip: Path


async def send(port: int, pieces: Iterable[bytes], *, pause: float = 0.0, read: bool = True) -> int:
    """Send pieces on a connection, then read until its end if `read`; return how much was read.

    A connection that the server refuses or closes is the expected end of many attacks.
    """
    received = 0
    with suppress(OSError, EOFError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause)
            while read and (data := await asyncio.wait_for(reader.read(_READ), 5)):
                received += len(data)
        finally:
            writer.transport.abort()
    return received


async def hold(port: int, sent: bytes) -> None:
    """Open a connection, send some bytes, and neither send nor read any more."""
    with suppress(OSError):
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
        try:
            writer.write(sent)
            await writer.wait_closed()
        finally:
            writer.transport.abort()


async def repeat(once: Callable[[int], Awaitable[object]], workers: int) -> None:
    """Do something again and again, with so many at a time; each is given its own number."""

    async def work(start: int) -> None:
        for n in itertools.count(start, workers):
            with suppress(TimeoutError):
                await once(n)
            await asyncio.sleep(0.001)

    await asyncio.gather(*map(work, range(workers)))
