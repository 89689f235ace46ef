"""A connection beyond the server's limit: its call is refused, then it is closed."""

import asyncio
from typing import Final

from microkit.rpc.exception import OVERLOADED
from microkit.rpc.scan import ProtocolError
from microkit.rpc.transport import EXCEPTION, Reader, encode

_MAX_ACTIVE: Final = 64
_CALL_BYTES: Final = 64 << 10
_SECONDS: Final = 1.0


class RefusedConnection(asyncio.Protocol):
    """Waits up to one second for a call, refuses it and closes.

    Closing at once would reset the connection and leave the call's outcome unknown. `active` holds
    the refusals in progress: beyond 64, connections are closed without a reply.
    """

    def __init__(self, active: "set[RefusedConnection]") -> None:
        self._active = active
        self._reader = Reader(_CALL_BYTES)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the call."""
        self._transport = transport
        if len(self._active) >= _MAX_ACTIVE:
            transport.abort()
            return
        self._active.add(self)
        asyncio.get_running_loop().call_later(_SECONDS, transport.abort)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Stop counting this refusal."""
        self._active.discard(self)

    def data_received(self, data: bytes) -> None:
        """Refuse the call that arrived."""
        try:
            message = next(self._reader.feed(data), None)
        except ProtocolError:
            self._transport.abort()
            return
        if message is not None:
            name = message.name.encode(errors="surrogateescape")
            body = OVERLOADED.encode()
            self._transport.write(encode(message.transport, EXCEPTION, name, message.seqid, body))
            self._transport.close()
