"""A client's connection: calls out, replies in."""

import asyncio
import logging
import select
from typing import TYPE_CHECKING, Final

from microkit.errors import Unavailable
from microkit.rpc import ttheader
from microkit.rpc.outbox import Outbox
from microkit.rpc.scan import ProtocolError
from microkit.rpc.transport import CANCEL, Message, Reader, Transport, encode
from microkit.rpc.ttheader import Header

if TYPE_CHECKING:
    from microkit.rpc.pool import Pool

_log = logging.getLogger(__name__)
MAX_CALLS: Final = 64
"""Calls in flight on a multiplexed connection: as many as our servers run at once."""


class ClientConnection(asyncio.Protocol):
    """A connection with one call in flight, or many once a reply has allowed it.

    `multiplexed` is set by the first reply of a server that takes calls before it has replied to
    earlier ones and understands CANCEL: ours do. Then replies are matched by their `seqid`.
    """

    def __init__(self, pool: "Pool", max_size: int) -> None:
        self.multiplexed = False
        self._pool = pool
        self._reader = Reader(max_size)
        self._transport: asyncio.Transport = None  # type: ignore[assignment]
        self._calls: dict[int, asyncio.Future[Message]] = {}
        self._retired = False
        self.loop = asyncio.get_running_loop()  # looked up once: each time is a system call
        self._outbox: Outbox = None  # type: ignore[assignment]
        self._poll = select.poll()

    @property
    def usable(self) -> bool:
        """Whether it takes one more call.

        The socket of an idle one is polled, because the loop may not have seen EOF yet.
        """
        if self._retired or self._transport.is_closing():
            return False
        if self._calls:
            return self.multiplexed and len(self._calls) < MAX_CALLS
        return not self._poll.poll(0)

    @property
    def open(self) -> bool:
        """Whether it takes further calls, now or later."""
        return not self._retired and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        self._transport = transport  # type: ignore[assignment]
        self._outbox = Outbox(self._transport)
        self._poll.register(transport.get_extra_info("socket"), select.POLLIN)

    def send(self, request: bytes, seqid: int, deadline: float) -> asyncio.Future[Message]:
        """Send a whole message and return the future of its reply.

        The future fails with DeadlineExceeded at `deadline` (the loop's time), and with Unavailable
        when the connection is lost.
        """
        reply: asyncio.Future[Message] = self.loop.create_future()
        self._calls[seqid] = reply
        self._pool.deadlines.add(reply, deadline)
        self._outbox.send(request, wait=len(self._calls) > 1)
        return reply

    def abandon(self, seqid: int) -> None:
        """End a call without its reply: a late reply must not be read by the next call.

        A multiplexed server is told to cancel the call. Other connections are closed.
        """
        if not self.multiplexed:
            self.close()
        elif (call := self._calls.pop(seqid, None)) is not None:
            self._pool.deadlines.discard(call)
            if not self._transport.is_closing():
                header = Header(seqid, any_order=True)
                cancel = encode(Transport.TTHEADER, CANCEL, b"", seqid, b"", header)
                self._outbox.send(cancel, wait=True)
            self._close_if_retired()

    def retire(self) -> None:
        """Take no further calls; close when the last one in flight has ended."""
        self._retired = True
        self._close_if_retired()

    def close(self) -> None:
        """Close at once; calls in flight fail."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Deliver the replies; unexpected data close the connection."""
        try:
            for message in self._reader.feed(data):
                self._deliver(message)
        except ProtocolError as error:
            _log.warning("%s at %s: %s", self._pool.service, self._pool.instance, error)
            self._fail()
            self.close()

    def connection_lost(self, _exc: Exception | None) -> None:
        """Fail the calls in flight and remove the connection from the pool."""
        self._fail()
        self._pool.remove(self)

    def _deliver(self, message: Message) -> None:
        if self.multiplexed:
            reply = self._calls.pop(message.seqid, None)
            if reply is None:
                return  # of an abandoned call
        elif self._calls:
            _, reply = self._calls.popitem()
            header = message.header
            self.multiplexed = header is not None and ttheader.MULTIPLEXED in header.texts
        else:
            raise ProtocolError("a reply without a call")
        self._pool.deadlines.discard(reply)
        if not reply.done():
            reply.set_result(message)
        self._close_if_retired()

    def _close_if_retired(self) -> None:
        if self._retired and not self._calls:
            self.close()

    def _fail(self) -> None:
        for reply in self._calls.values():
            self._pool.deadlines.discard(reply)
            if not reply.done():
                reply.set_exception(Unavailable())
        self._calls.clear()
