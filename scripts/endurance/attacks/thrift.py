"""Attacks on the services' Thrift ports."""

import random
import struct
from typing import Final

from scripts.endurance.attacks.target import Target, hold, repeat, send

_CALL: Final = 0x80010001
_STRUCT: Final = 12
_LIST: Final = 15
_MAP: Final = 13
_I64: Final = 10
_STRING: Final = 11
_MIB: Final = 1 << 20


def message(body: bytes, name: bytes = b"GetUserMethod") -> bytes:
    """Return the start of a call, with `body` as its arguments."""
    return struct.pack(">II", _CALL, len(name)) + name + struct.pack(">I", 1) + body


def framed(content: bytes) -> bytes:
    """Return a frame."""
    return struct.pack(">I", len(content)) + content


def _field(kind: int, number: int, content: bytes) -> bytes:
    return struct.pack(">bh", kind, number) + content


_ARGUMENTS: Final = _field(_STRUCT, 1, _field(_I64, 1, struct.pack(">q", 1)) + b"\0") + b"\0"


async def connections(target: Target) -> None:
    """1,500 connections to the services, with half a message each."""
    half = framed(message(_ARGUMENTS))[:-5]
    ports = list(target.rpc)
    await repeat(lambda n: hold(ports[n % len(ports)], half), 1500)


async def lengths(target: Target) -> None:
    """Frames, strings, lists and maps that claim to be far longer than they are."""
    huge = struct.pack(">I", 0x7FFFFFFF)
    claims = [
        huge + b"\x80\x01\0\x01",
        b"\xff\xff\xff\xff\x80\x01\0\x01",
        framed(message(_field(_STRING, 1, huge))),
        framed(message(_field(_LIST, 1, bytes([_STRUCT]) + huge))),
        framed(message(_field(_MAP, 1, bytes([_I64, _I64]) + huge))),
        message(_field(_LIST, 1, bytes([2]) + huge)),
        message(_field(_MAP, 1, bytes([2, 2]) + huge)),
        struct.pack(">II", _CALL, 0x7FFFFFFF),
        framed(message(_field(_STRING, 1, struct.pack(">i", -1)))),
        framed(b""),
    ]
    ports = list(target.rpc)
    await repeat(lambda n: send(ports[n % len(ports)], [claims[n % len(claims)]]), 32)


async def nesting(target: Target) -> None:
    """Structs, lists and maps within each other, thousands deep; framed and not."""
    depth = 20_000
    bodies = [
        _field(_STRUCT, 1, b"") * depth + b"\0" * depth,
        _field(_LIST, 1, (bytes([_LIST]) + struct.pack(">I", 1)) * depth),
        _field(_MAP, 1, (bytes([_MAP, _MAP]) + struct.pack(">I", 1)) * depth),
    ]
    ports = list(target.rpc)

    def content(n: int) -> bytes:
        body = message(bodies[n % len(bodies)])
        return body if n % 2 else framed(body)

    await repeat(lambda n: send(ports[n % len(ports)], [content(n)]), 16)


async def elements(target: Target) -> None:
    """Messages of 15 MiB with millions of empty structs."""
    count = 14 * _MIB
    empty = bytes([_STRUCT]) + struct.pack(">I", count) + bytes(count)
    flood = message(_field(_LIST, 1, empty) + b"\0")
    ports = list(target.rpc)
    await repeat(lambda n: send(ports[n % len(ports)], [flood if n % 2 else framed(flood)]), 4)


async def frames(target: Target) -> None:
    """Calls with changed bytes, and bytes that are no calls, on connections that go on."""
    pick = random.Random(3)
    valid = framed(message(_ARGUMENTS))
    ports = list(target.rpc)

    def content() -> bytes:
        changed = bytearray(valid)
        for _ in range(pick.randrange(1, 6)):
            changed[pick.randrange(len(changed))] = pick.randrange(256)
        return bytes(changed) if pick.random() < 0.8 else pick.randbytes(pick.randrange(1, 500))

    await repeat(lambda n: send(ports[n % len(ports)], [content(), valid, valid]), 32)


async def ttheaders(target: Target) -> None:
    """TTHeader with sizes, counts, flags and protocols that do not fit."""
    pick = random.Random(4)
    body = message(_ARGUMENTS)
    ports = list(target.rpc)

    def content() -> bytes:
        infos = pick.choice(
            [
                b"\0\0\0\0",
                b"\0\0\x01\xff\xff" + b"\0\x01a\0\x01b" * 10,
                b"\0\0\x10\xff\xff",
                bytes(pick.randrange(1, 60_000)),
                b"\0\0\x11\xff\xff" + b"x" * 1000,
                b"\x07\xff" + pick.randbytes(30),
            ]
        )
        size = pick.choice([len(infos) // 4, 0, 0xFFFF, pick.randrange(0x10000)])
        head = struct.pack(">HHIH", 0x1000, pick.randrange(0x10000), 1, size) + infos
        length = pick.choice([len(head) + len(body), 14, 0x7FFFFFFF, len(head)])
        return struct.pack(">I", length) + head + body

    await repeat(lambda n: send(ports[n % len(ports)], [content()]), 32)


async def unread_replies(target: Target) -> None:
    """100 callers that send 20,000 calls and read no reply."""
    calls = framed(message(_ARGUMENTS)) * 20_000
    ports = list(target.rpc)
    await repeat(lambda n: hold(ports[n % len(ports)], calls), 100)


ATTACKS: Final = {
    "Thrift half messages": connections,
    "Thrift lengths": lengths,
    "Thrift nesting": nesting,
    "Thrift elements": elements,
    "Thrift frames": frames,
    "TTHeader": ttheaders,
    "Thrift unread replies": unread_replies,
}
