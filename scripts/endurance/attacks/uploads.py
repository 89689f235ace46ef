"""Attacks with uploads of a registered user."""

import io
import random
import struct
from collections.abc import Callable
from typing import Final

import av

from scripts.endurance.attacks.target import Target, repeat, send

_BOUNDARY: Final = b"boundary"


async def slow_uploads(target: Target) -> None:
    """64 uploads that send a byte each half second."""
    head = _head(target, 50_000_000) + _file()
    pieces = [head, *[b"x"] * 100]
    await repeat(lambda _: send(target.http, pieces, pause=0.5, read=False), 64)


async def broken_videos(target: Target) -> None:
    """Videos with changed bytes, cut off, or with something else behind them."""
    pick = random.Random(5)
    clip = target.clip.read_bytes()
    kinds: list[Callable[[], bytes]] = [
        lambda: _changed(clip, pick),
        lambda: clip[: pick.randrange(len(clip))],
        lambda: clip + b"PK\x03\x04<html><script>alert(1)</script>" * 1000,
        lambda: b"<html><script>alert(1)</script>" + clip,
        lambda: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\nhttp://127.0.0.1:1/\n",
        lambda: b"ffconcat version 1.0\nfile /etc/passwd\n",
        lambda: clip.replace(b"moov", b"free"),
        lambda: _nested_atoms(20_000),
        lambda: clip + _atom(b"udta", b"x" * (8 << 20)),
    ]
    await repeat(lambda n: _upload(target, kinds[n % len(kinds)]()), 4)


async def expensive_videos(target: Target) -> None:
    """Small files with many tracks, huge pictures, or far more frames than they seem to have."""
    files = [_video(4096, 4096, 60), _video(64, 64, 5000), _tracks(60)]
    await repeat(lambda n: _upload(target, files[n % len(files)]), 4)


async def many_parts(target: Target) -> None:
    """Forms of many parts, long names and long texts."""
    part = b'--boundary\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    forms = [
        part % (b"a", b"b") * 20_000,
        part % (b"n" * 100_000, b"b"),
        part % (b"title", b"t" * (1 << 20)),
        part % (b"token", target.token.encode()) * 31 + part % (b"title", b"t" * 60_000) * 30,
        b"--boundary\r\n" + b"X: y\r\n" * 100_000 + b"\r\n",
        b"x" * (4 << 20),
    ]
    await repeat(lambda n: send(target.http, [_head(target, len(forms[n % 6])), forms[n % 6]]), 8)


async def _upload(target: Target, content: bytes) -> None:
    end = b"\r\n--%s--\r\n" % _BOUNDARY
    start = _file()
    size = len(start) + len(content) + len(end)
    await send(target.http, [_head(target, size), start, content, end])


def _head(target: Target, size: int) -> bytes:
    return (
        b"POST /douyin/publish/action/?title=t&token=%s HTTP/1.1\r\nHost: x\r\n"
        b"Connection: close\r\nContent-Type: multipart/form-data; boundary=%s\r\n"
        b"Content-Length: %d\r\n\r\n" % (target.token.encode(), _BOUNDARY, size)
    )


def _file() -> bytes:
    disposition = b'form-data; name="data"; filename="x.mp4"'
    return b"--%s\r\nContent-Disposition: %s\r\n\r\n" % (_BOUNDARY, disposition)


def _changed(clip: bytes, pick: random.Random) -> bytes:
    changed = bytearray(clip)
    for _ in range(pick.randrange(1, 200)):
        changed[pick.randrange(len(changed))] = pick.randrange(256)
    return bytes(changed)


def _atom(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


def _nested_atoms(depth: int) -> bytes:
    sizes = range(8 * depth, 0, -8)
    return _atom(b"ftyp", b"isom\0\0\0\0") + b"".join(
        struct.pack(">I4s", s, b"moov") for s in sizes
    )


def _video(width: int, height: int, frames: int) -> bytes:
    """Encode pictures of one colour: a small file that is expensive to decode."""
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for _ in range(frames):
            container.mux(stream.encode(av.VideoFrame(width, height, "yuv420p")))
        container.mux(stream.encode(None))
    return target.getvalue()


def _tracks(count: int) -> bytes:
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as container:
        streams = [container.add_stream("mpeg4", rate=30) for _ in range(count)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for stream in streams:
            for _ in range(5):
                container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
            container.mux(stream.encode(None))
    return target.getvalue()


ATTACKS: Final = {
    "slow uploads": slow_uploads,
    "broken videos": broken_videos,
    "expensive videos": expensive_videos,
    "many parts": many_parts,
}
