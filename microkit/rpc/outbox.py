"""Messages of one iteration of the event loop, written with one system call."""

import asyncio


class Outbox:
    """The outgoing messages of one connection.

    uvloop writes at once. A write is a large part of a small call's cost, so the messages of calls
    that are in flight together are collected and written together.
    """

    __slots__ = ("_loop", "_messages", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._loop = asyncio.get_running_loop()
        self._messages: list[bytes] = []
        self._transport = transport

    def send(self, message: bytes, *, wait: bool) -> None:
        """Write a message and those before it; with `wait` at the end of this iteration."""
        self._messages.append(message)
        if not wait:
            self.flush()
        elif len(self._messages) == 1:
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write what was collected."""
        messages, self._messages = self._messages, []
        if messages and not self._transport.is_closing():
            # Not `writelines`: that of asyncio in Python 3.12 does not pause its protocol.
            self._transport.write(messages[0] if len(messages) == 1 else b"".join(messages))
