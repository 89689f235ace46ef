"""Apache Thrift's Python library, thriftpy2 and scripts/call call every method."""

import asyncio
import json
import subprocess
import sys
from typing import Any

import pytest
from interop.kitex import ROOT
from interop.scenario import added, methods, reads, writes
from thrift.protocol.TBase import TBase
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TApplicationException, TMessageType, TType
from thrift.transport.TSocket import TSocket
from thrift.transport.TTransport import TBufferedTransport, TFramedTransport
from thriftpy2.protocol import TBinaryProtocolFactory
from thriftpy2.rpc import make_client
from thriftpy2.transport import TBufferedTransportFactory, TFramedTransportFactory

import idl
from microkit.rpc.contract import Contract
from microkit.rpc.structs import fields_of, spec_of
from scripts.call import PACKAGES

STEPS = [*writes("name"), *reads(), *added()]


def thriftpy2_object(kind: Any, values: dict[str, Any]) -> Any:
    """A thriftpy2 struct of JSON values."""
    inner = {spec[1]: spec[2] for spec in kind.thrift_spec.values() if len(spec) == 4}

    def made(name: str, value: Any) -> Any:
        if isinstance(value, dict):
            return thriftpy2_object(inner[name], value)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return [thriftpy2_object(inner[name][1], each) for each in value]
        return value

    return kind(**{name: made(name, value) for name, value in values.items()})


@pytest.mark.parametrize("transport", [TBufferedTransportFactory, TFramedTransportFactory])
async def test_thriftpy2s_client_calls_every_method(fleet, transport):
    def run() -> set[str]:
        called = set()
        for service, name, method, request in STEPS:
            module = idl.load(PACKAGES[service])
            client = make_client(
                getattr(module, name), "127.0.0.1", fleet.running[service].port,
                proto_factory=TBinaryProtocolFactory(), trans_factory=transport(), timeout=10_000,
            )  # fmt: skip
            argument = getattr(getattr(module, name), f"{method}_args").thrift_spec[1][2]
            try:
                assert getattr(client, method)(thriftpy2_object(argument, request)) is not None
            finally:
                client.close()
            called.add(method)
        return called

    assert await asyncio.to_thread(run) == methods()


class Plain(TBase):
    """An object for Apache Thrift's codec, which wants attributes and a spec."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)


def plain_class(struct: Any) -> type:
    """The class of a struct, with the spec that Thrift's own generator would write."""

    def fixed(ttype: int, arguments: Any) -> Any:
        if ttype == TType.STRUCT:
            inner = plain_class(arguments[0])
            return [inner, inner.thrift_spec]
        if ttype == TType.LIST:
            return (arguments[0], fixed(arguments[0], arguments[1]), False)
        if ttype == TType.MAP:
            key, of_key, value, of_value, _ = arguments
            return (key, fixed(key, of_key), value, fixed(value, of_value), False)
        return arguments

    made = type(struct.__name__, (Plain,), {field.name: None for field in fields_of(struct)})
    made.thrift_spec = tuple(
        each and (each[0], each[1], each[2], fixed(each[1], each[3]), None)
        for each in spec_of(struct)
    )
    return made


def plain(struct: Any, values: dict[str, Any]) -> Any:
    types = {field.name: field.type for field in fields_of(struct)}

    def made(name: str, value: Any) -> Any:
        if isinstance(value, dict) and types[name].struct:
            return plain(types[name].struct, value)
        if isinstance(value, list) and types[name].element:
            return [plain(types[name].element, each) for each in value]
        return value

    return plain_class(struct)(**{name: made(name, value) for name, value in values.items()})


@pytest.mark.parametrize("transport", [TBufferedTransport, TFramedTransport])
async def test_apache_thrifts_library_calls_every_method(fleet, transport):
    def run() -> set[str]:
        called = set()
        for number, (service, _, name, request) in enumerate(STEPS):
            method = Contract(idl.load(PACKAGES[service])).methods()[name]
            channel = transport(TSocket("127.0.0.1", fleet.running[service].port))
            channel.open()
            protocol = TBinaryProtocol(channel)
            protocol.writeMessageBegin(name, TMessageType.CALL, number)
            spec = plain_class(method.arguments.struct).thrift_spec
            protocol.writeStruct(Plain(value=plain(method.request, request)), spec)
            protocol.writeMessageEnd()
            channel.flush()
            echoed, kind, seqid = protocol.readMessageBegin()
            assert (echoed, seqid) == (name, number)
            assert kind == TMessageType.REPLY, _failure(protocol)
            result = Plain()
            protocol.readStruct(result, plain_class(method.result.struct).thrift_spec)
            assert type(result.value).__name__ == method.response.__name__
            channel.close()
            called.add(name)
        return called

    assert await asyncio.to_thread(run) == methods()


def _failure(protocol: TBinaryProtocol) -> str:
    error = TApplicationException()
    error.read(protocol)
    return str(error)


async def test_scripts_call_calls_a_method_and_lists_the_contracts(fleet):
    async def call(*arguments: str) -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "scripts.call", *arguments, cwd=ROOT,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()

    address = ("--address", f"127.0.0.1:{fleet.running['userservice'].port}")
    request = json.dumps({"newuser": {"name": "小明"}, "password": "x"})
    code, out, _ = await call("userservice", "CreateUserMethod", request, *address)
    assert (code, json.loads(out)["user_id"]) == (0, 1)
    code, out, _ = await call(
        "userservice", "GetUserMethod", '{"id": 1}', *address, "--transport", "framed"
    )
    assert json.loads(out)["user"]["name"] == "小明"
    assert "小明" in out
    code, out, _ = await call("userservice", "GetUserMethod", '{"id": 404}', *address)
    assert (code, json.loads(out)["status_code"]) == (0, 10007)
    for bad, why in (
        ('{"idd": 1}', "unknown field idd"), ("{", "invalid JSON"), ("[]", "expected an object"),
        ('{"id": "x"}', "GetUser"), ('{"id": 99999999999999999999}', "GetUser"),
    ):  # fmt: skip
        code, _, err = await call("userservice", "GetUserMethod", bad, *address)
        assert code == 1
        assert why in err
        assert "Traceback" not in err
    code, _, err = await call("userservice", "LoginUserMethod", '{"name": "x"}', *address)
    assert "missing field password" in err
    code, _, err = await call("userservice", "Nothing", "{}", *address)
    assert "GetUserMethod" in err
    code, out, _ = await call("--list")
    assert code == 0
    assert all(method in out for method in methods())
    assert "FollowInfo { 1: required i64 follow_count" in out
