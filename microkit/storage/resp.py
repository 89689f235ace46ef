"""One connection to Redis. hiredis packs the commands and parses the replies (RESP 2)."""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from typing import Any, Final, cast
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import hiredis

Argument = str | bytes | int
Command = tuple[Argument, ...]

_PORT: Final = 6379
_SCHEMES: Final = ("redis", "rediss", "unix")


class RedisError(Exception):
    """The connection failed, or Redis refused a command: its message."""


def pack(command: Command) -> bytes:
    """Return a command as it is sent.

    Raises:
        TypeError: an argument is neither a text, nor bytes, nor a number.
        UnicodeEncodeError: a text is not Unicode.
    """
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]
    return packed


class Batch:
    """Commands that are sent together, and the answers that their callers wait for."""

    __slots__ = ("_answers", "_at", "_packed", "timer")

    def __init__(self) -> None:
        self.timer: asyncio.TimerHandle | None = None
        self._packed: list[bytes] = []
        self._answers: list[asyncio.Future[Any]] = []
        self._at = 0

    def __len__(self) -> int:
        return len(self._packed)

    def add(self, packed: bytes) -> asyncio.Future[Any]:
        """Add a packed command and return its answer."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._packed.append(packed)
        self._answers.append(answer)
        return answer

    def packed(self) -> bytes:
        """Return all commands as they are sent."""
        return b"".join(self._packed)

    def reply(self, value: Any) -> bool:
        """Answer the next command; return whether it was the last one."""
        answer = self._answers[self._at]
        self._at += 1
        if not answer.done():
            if isinstance(value, hiredis.ReplyError):
                _fail(answer, RedisError(str(value)))
            else:
                answer.set_result(value)
        return self._at == len(self._answers)

    def fail(self, error: Exception) -> None:
        """Answer with an error all commands that have no answer yet."""
        for answer in self._answers[self._at :]:
            if not answer.done():
                _fail(answer, error)


class Connection(asyncio.Protocol):
    """A connection on which batches follow one another without waiting (pipelining).

    Args:
        timeout: seconds that a batch may take; then the connection is closed, so that a late reply
            is never taken for that of another command.
        idle: called when a batch was answered, and when the connection is lost.
    """

    def __init__(self, timeout: float, idle: Callable[[], object]) -> None:
        self._timeout = timeout
        self._idle = idle
        self._reader = hiredis.Reader()
        self._sent: deque[Batch] = deque()
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._why = "connection lost"

    @property
    def is_open(self) -> bool:
        """Can batches be sent?"""
        return self._transport is not None

    @property
    def under_way(self) -> int:
        """How many batches are not answered yet."""
        return len(self._sent)

    def send(self, batch: Batch) -> None:
        """Send all commands of a batch at once; the connection is open."""
        if not batch:
            return
        self._sent.append(batch)
        batch.timer = self._loop.call_later(self._timeout, self._give_up)
        transport = cast("asyncio.Transport", self._transport)
        transport.write(batch.packed())

    def close(self, why: str = "connection closed") -> None:
        """Close at once; what is not answered yet fails with `why`."""
        self._why = why
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Hand each reply to the command that it answers."""
        sent = self._sent
        self._reader.feed(data)
        try:
            while sent and (value := self._reader.gets()) is not False:
                if sent[0].reply(value):
                    self._done(sent.popleft())
        except hiredis.ProtocolError as error:
            self.close(f"not RESP: {error}")

    def connection_lost(self, error: Exception | None) -> None:
        """Fail what was not answered: it may have been done, so it is not sent again."""
        self._transport = None
        failed = RedisError(f"{self._why}: {error}" if error else self._why)
        while self._sent:
            batch = self._sent.popleft()
            self._done(batch)
            batch.fail(failed)
        self._idle()

    def _done(self, batch: Batch) -> None:
        if batch.timer is not None:
            batch.timer.cancel()
        self._idle()

    def _give_up(self) -> None:
        self.close("no reply in time")


class Address:
    """Where a Redis is, and what is said first on a connection to it."""

    def __init__(self, url: str) -> None:
        """Read redis://[user:password@]host:port/database, rediss://… or unix:///socket?db=….

        Raises:
            ValueError: it is neither.
        """
        self._url = urlsplit(url)
        if self._url.scheme not in _SCHEMES:
            raise ValueError(url)
        self._url.port  # noqa: B018 - raises ValueError for what is no port
        self._database = _database(self._url)
        self._greeting: list[Command] = []
        if self._url.password:
            name = (unquote(self._url.username),) if self._url.username else ()
            self._greeting.append(("AUTH", *name, unquote(self._url.password)))
        if self._database:
            self._greeting.append(("SELECT", self._database))

    async def connect(self, make: Callable[[], Connection]) -> Connection:
        """Connect what `make` returns, sign in, choose the database, and return it.

        Raises:
            OSError: Redis does not listen there, or does not answer in time.
            RedisError: it refuses the password or the database.
        """
        loop = asyncio.get_running_loop()
        url = self._url
        if url.scheme == "unix":
            _, connection = await loop.create_unix_connection(make, unquote(url.path))
        else:
            context = ssl.create_default_context() if url.scheme == "rediss" else None
            host, port = url.hostname or "localhost", url.port or _PORT
            _, connection = await loop.create_connection(make, host, port, ssl=context)
        if self._greeting:
            batch = Batch()
            replies = [batch.add(pack(command)) for command in self._greeting]
            connection.send(batch)
            try:
                await asyncio.gather(*replies)
            except BaseException:
                connection.close()
                raise
        return connection


def _database(url: SplitResult) -> int:
    text = parse_qs(url.query).get("db", ["0"])[0]
    if url.scheme != "unix" and url.path.strip("/"):
        text = url.path.strip("/")
    return int(text)


def _fail(answer: asyncio.Future[Any], error: Exception) -> None:
    answer.set_exception(error)
    answer.exception()  # retrieved, also when the caller has gone
