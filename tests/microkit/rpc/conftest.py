"""A server of the video contract with a test handler, clients, and raw connections to it."""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

import idl
from microkit import errors
from microkit.config import Settings, load
from microkit.discovery import Instance
from microkit.rpc import metadata
from microkit.rpc.client import Client
from microkit.rpc.contract import Contract
from microkit.rpc.server import Server, ServerLimits
from microkit.rpc.transport import CALL, Reader, Transport, encode

contract = Contract(idl.load("videomicro"))


class Handler:
    """GetVideoAuthorIdMethod acts by id: 404 and 500 fail, 408 waits for `gate`."""

    def __init__(self) -> None:
        self.started = 0
        self.cancelled = 0
        self.seen: list[dict[str, str]] = []
        self.gate = asyncio.Event()

    async def GetVideoAuthorIdMethod(self, request):
        self.started += 1
        self.seen.append(dict(metadata.persistent.get()))
        if request.id == 404:
            raise errors.NotFound("视频不存在")
        if request.id == 500:
            raise ValueError("the secret inside")
        if request.id == 408:
            try:
                await self.gate.wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        return contract.GetVideoAuthorIdResp.ok(author_id=request.id)

    async def UpdateVideoMethod(self, request):
        return contract.UpdateVideoResp.ok(status_msg=request.title)

    async def GetVideoSetByIdSetMethod(self, request):
        video = contract.Video(
            id=1, title="标题" * 20, author_id=2, play_url="p", cover_url="c", favorite_count=0,
            comment_count=0,
        )  # fmt: skip
        return contract.GetVideoSetByIdSetResp.ok(video_set=[video] * len(request.id_set))


for _name in contract.methods():
    if not hasattr(Handler, _name):

        async def _missing(self, request):
            raise NotImplementedError

        setattr(Handler, _name, _missing)


class Peer:
    """A raw connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._messages = Reader(1 << 24)
        self._ready = []

    async def answer(self):
        """The next message, None after the end of the connection."""
        while not self._ready:
            data = await asyncio.wait_for(self.reader.read(1 << 16), 60)
            if not data:
                return None
            self._ready += self._messages.feed(data)
        return self._ready.pop(0)

    async def ask(self, data: bytes):
        self.writer.write(data)
        return await self.answer()


class Rig:
    """A server, its handler, and ways to call it."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self.handler = Handler()
        self._stack = stack

    async def start(self, port: int = 0, **limits) -> "Rig":
        self.server = Server(
            "videoservice",
            contract,
            {"VideoService": self.handler},
            ServerLimits(**{"timeout": 60.0, **limits}),
        )
        await self.server.listen("127.0.0.1", port)
        self._stack.push_async_callback(self.server.stop, 0)
        self.port = self.server.port
        return self

    async def connect(self) -> Peer:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._stack.callback(writer.close)
        return Peer(reader, writer)

    def client(self, *instances: Instance, **settings) -> Client:
        resolved = instances or (Instance("127.0.0.1", self.port),)

        class Resolver:
            def cached(self, service):
                return ()

            async def resolve(self, service):
                return resolved

        own = load(Settings, {}, **{"rpc_timeout_ms": 60_000, **settings})
        made = Client("videoservice", contract, Resolver(), own, "tests")
        self._stack.push_async_callback(made.close)
        return made


@pytest.fixture
async def bare_rig() -> AsyncIterator[Rig]:
    async with AsyncExitStack() as stack:
        yield Rig(stack)


@pytest.fixture
async def rig(bare_rig) -> Rig:
    return await bare_rig.start()


@pytest.fixture
async def start_rig() -> AsyncIterator[Callable[..., Awaitable[Rig]]]:
    """Starts as many as a test wants."""
    async with AsyncExitStack() as stack:

        async def start(**limits) -> Rig:
            return await Rig(stack).start(**limits)

        yield start


@pytest.fixture
def call():
    """Encodes one call of GetVideoAuthorIdMethod, or of another method with given arguments."""

    def make(video_id=7, transport=Transport.FRAMED, seqid=1, header=None, name=None, **fields):
        method = contract.methods()[name or "GetVideoAuthorIdMethod"]
        request = method.request(**fields) if name else method.request(id=video_id)
        body = method.arguments.encode(method.arguments.struct(value=request))
        return encode(transport, CALL, method.name.encode(), seqid, body, header)

    return make


@pytest.fixture
def result():
    """Decodes a reply's result."""

    def read(message):
        method = contract.methods()[message.name]
        return method.result.decode(message.body, message.start)[0].value

    return read


@pytest.fixture
def exception():
    """Decodes an EXCEPTION: (type, text)."""

    def read(message):
        assert message.kind == 3
        data, at = message.body, message.start
        assert data[at : at + 3] == b"\x0b\x00\x01"
        (length,) = struct.unpack_from(">i", data, at + 3)
        text = data[at + 7 : at + 7 + length].decode()
        at += 7 + length
        assert data[at : at + 3] == b"\x08\x00\x02"
        return struct.unpack_from(">i", data, at + 3)[0], text

    return read
