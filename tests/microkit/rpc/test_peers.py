"""Interoperability with Thrift's Python libraries, as clients and as servers."""

import asyncio
import threading
from contextlib import contextmanager

import pytest
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TApplicationException, TMessageType, TType
from thrift.transport.TSocket import TSocket
from thrift.transport.TTransport import TBufferedTransport, TFramedTransport
from thriftpy2.protocol.binary import TBinaryProtocolFactory
from thriftpy2.protocol.cybin import TCyBinaryProtocolFactory
from thriftpy2.rpc import make_client
from thriftpy2.server import TThreadedServer
from thriftpy2.thrift import TApplicationException as Thriftpy2Exception
from thriftpy2.thrift import TProcessor
from thriftpy2.transport import TServerSocket
from thriftpy2.transport.buffered import TBufferedTransportFactory, TCyBufferedTransportFactory
from thriftpy2.transport.framed import TCyFramedTransportFactory, TFramedTransportFactory

import idl
from microkit.discovery import Instance
from microkit.errors import NotFound, Unavailable

module = idl.load("videomicro")

PURE = TBinaryProtocolFactory, TBufferedTransportFactory
PURE_FRAMED = TBinaryProtocolFactory, TFramedTransportFactory
CYTHON = TCyBinaryProtocolFactory, TCyBufferedTransportFactory
CYTHON_FRAMED = TCyBinaryProtocolFactory, TCyFramedTransportFactory
THRIFTPY2 = pytest.mark.parametrize(
    ("protocol", "transport"),
    [PURE, PURE_FRAMED, CYTHON, CYTHON_FRAMED],
    ids=["unframed", "framed", "cython unframed", "cython framed"],
)
APACHE = pytest.mark.parametrize("transport", [TBufferedTransport, TFramedTransport])


@contextmanager
def thriftpy2_client(rig, protocol, transport):
    client = make_client(
        module.VideoService, "127.0.0.1", rig.port, proto_factory=protocol(),
        trans_factory=transport(), timeout=60_000,
    )  # fmt: skip
    try:
        yield client
    finally:
        client.close()


@THRIFTPY2
async def test_thriftpy2s_client_is_answered(rig, protocol, transport):
    def run():
        with thriftpy2_client(rig, protocol, transport) as client:
            for number in range(20):
                request = module.GetVideoAuthorIdReq(id=number)
                assert client.GetVideoAuthorIdMethod(request).author_id == number
            request = module.UpdateVideoReq(id=1, title="标题")
            assert client.UpdateVideoMethod(request).status_msg == "标题"
            request = module.GetVideoSetByIdSetReq(id_set=list(range(500)))
            videos = client.GetVideoSetByIdSetMethod(request).video_set
            assert (len(videos), videos[0].title) == (500, "标题" * 20)

    await asyncio.to_thread(run)


@THRIFTPY2
async def test_thriftpy2s_client_gets_failures_and_keeps_its_connection(rig, protocol, transport):
    def run():
        with thriftpy2_client(rig, protocol, transport) as client:
            answer = client.GetVideoAuthorIdMethod(module.GetVideoAuthorIdReq(id=404))
            assert (answer.status, answer.status_code) == (False, 10007)
            with pytest.raises(Thriftpy2Exception) as raised:
                client.GetVideoAuthorIdMethod(module.GetVideoAuthorIdReq(id=500))
            assert raised.value.type == Thriftpy2Exception.INTERNAL_ERROR
            request = module.GetVideoAuthorIdReq(id=7)
            assert client.GetVideoAuthorIdMethod(request).author_id == 7

    await asyncio.to_thread(run)


class Apache:
    """A client on Apache Thrift's protocol classes; reads and writes fields itself."""

    def __init__(self, port, transport) -> None:
        self._channel = transport(TSocket("127.0.0.1", port))
        self._channel.open()
        self._protocol = TBinaryProtocol(self._channel)
        self._seqid = 0

    def close(self) -> None:
        self._channel.close()

    def call(self, method, *fields):
        """Call with request `fields` (id, type, value); returns the response's fields by id."""
        self._seqid += 1
        protocol = self._protocol
        protocol.writeMessageBegin(method, TMessageType.CALL, self._seqid)
        protocol.writeFieldBegin("request", TType.STRUCT, 1)
        for number, kind, value in fields:
            protocol.writeFieldBegin("", kind, number)
            (protocol.writeString if kind == TType.STRING else protocol.writeI64)(value)
        protocol.writeFieldStop()
        protocol.writeFieldStop()
        protocol.writeMessageEnd()
        self._channel.flush()
        name, kind, seqid = protocol.readMessageBegin()
        assert (name, seqid) == (method, self._seqid)
        if kind == TMessageType.EXCEPTION:
            error = TApplicationException()
            error.read(protocol)
            raise error
        assert kind == TMessageType.REPLY
        _, kind, number = protocol.readFieldBegin()
        assert (kind, number) == (TType.STRUCT, 0)
        answer = self._struct()
        assert protocol.readFieldBegin()[1] == TType.STOP
        return answer

    def _struct(self):
        read = {
            TType.BOOL: self._protocol.readBool,
            TType.I32: self._protocol.readI32,
            TType.I64: self._protocol.readI64,
            TType.STRING: self._protocol.readString,
        }
        fields = {}
        while True:
            _, kind, number = self._protocol.readFieldBegin()
            if kind == TType.STOP:
                return fields
            fields[number] = read[kind]()


@APACHE
async def test_apache_thrifts_protocol_is_answered(rig, transport):
    def run():
        client = Apache(rig.port, transport)
        for number in range(20):
            answer = client.call("GetVideoAuthorIdMethod", (1, TType.I64, number))
            assert answer == {1: True, 2: number}
        answer = client.call("UpdateVideoMethod", (1, TType.I64, 1), (2, TType.STRING, "标题"))
        assert answer == {1: True, 101: "标题"}
        client.close()

    await asyncio.to_thread(run)


@APACHE
async def test_apache_thrifts_protocol_gets_failures_and_keeps_its_connection(rig, transport):
    def run():
        client = Apache(rig.port, transport)
        for method, fields, kind in (
            ("SingMethod", (1, TType.I64, 1), TApplicationException.UNKNOWN_METHOD),
            ("GetVideoAuthorIdMethod", (1, TType.I64, 500), TApplicationException.INTERNAL_ERROR),
            ("GetVideoAuthorIdMethod", (2, TType.I64, 1), TApplicationException.PROTOCOL_ERROR),
            (
                "GetVideoAuthorIdMethod",
                (1, TType.STRING, "1"),
                TApplicationException.PROTOCOL_ERROR,
            ),
        ):
            with pytest.raises(TApplicationException) as raised:
                client.call(method, fields)
            assert raised.value.type == kind
        failed = client.call("GetVideoAuthorIdMethod", (1, TType.I64, 404))
        assert failed == {1: False, 2: 0, 100: 10007, 101: "视频不存在"}
        assert client.call("GetVideoAuthorIdMethod", (1, TType.I64, 7)) == {1: True, 2: 7}
        client.close()

    await asyncio.to_thread(run)


class Theirs:
    """A handler of a thriftpy2 server."""

    def GetVideoAuthorIdMethod(self, request):
        if request.id == 404:
            return module.GetVideoAuthorIdResp(
                status=False, author_id=0, status_code=10007, status_msg="没有"
            )
        return module.GetVideoAuthorIdResp(status=True, author_id=request.id)

    def GetVideosFeedMethod(self, request):
        video = module.Video(
            id=1, title="标题", author_id=2, play_url="p", cover_url="c", favorite_count=3,
            comment_count=4,
        )  # fmt: skip
        return module.GetVideosFeedResp(
            status=True, next_time=request.latest_time, video_list=[video] * request.limit
        )


@contextmanager
def thriftpy2_server(protocol, transport):
    """A thriftpy2 server in a thread; yields its port."""
    listener = TServerSocket("127.0.0.1", 0, client_timeout=None)
    listener.listen()
    port = listener.sock.getsockname()[1]
    listener.listen = lambda: None
    server = TThreadedServer(
        TProcessor(module.VideoService, Theirs()), listener, daemon=True,
        iprot_factory=protocol(), itrans_factory=transport(),
    )  # fmt: skip
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield port
    finally:
        server.close()
        listener.close()
        thread.join(5)
        assert not thread.is_alive()


@pytest.mark.parametrize(
    ("protocol", "transport"), [PURE_FRAMED, CYTHON_FRAMED], ids=["framed", "cython framed"]
)
async def test_our_client_calls_thriftpy2s_server(rig, protocol, transport):
    with thriftpy2_server(protocol, transport) as port:
        client = rig.client(Instance("127.0.0.1", port), rpc_pool_size=2, rpc_transport="framed")
        answers = await asyncio.gather(*(client.GetVideoAuthorIdMethod(id=n) for n in range(20)))
        assert [answer.author_id for answer in answers] == list(range(20))
        page = await client.GetVideosFeedMethod(latest_time=2**62, limit=300)
        assert (page.next_time, len(page.video_list)) == (2**62, 300)
        assert page.video_list[299].title == "标题"
        with pytest.raises(NotFound, match="没有"):
            await client.GetVideoAuthorIdMethod(id=404)
        # It closes the connection on an unknown method; the next call opens another one.
        with pytest.raises(Unavailable):
            await client.DeleteVideoMethod(video_id=1)
        assert (await client.GetVideoAuthorIdMethod(id=8)).author_id == 8
        await client.close()
