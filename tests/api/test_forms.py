"""Forms: types and order of their parts, and the minimum transfer rate."""

import asyncio
import contextlib
import encodings
import functools
import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from fleet import eventually

from api import form
from api.middleware import chain, envelopes
from api.protocol import Runner

FORM = {"Content-Type": "multipart/form-data; boundary=b"}


@pytest.fixture
def world() -> str:
    """The stores are irrelevant here."""
    return "embedded"


def part(name: str, value: bytes, *headers: str, filename: str = "") -> bytes:
    named = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename else "")
    lines = [f"Content-Disposition: {named}", *headers]
    return b"--b\r\n" + "\r\n".join(lines).encode() + b"\r\n\r\n" + value + b"\r\n"


LABELS = [
    "multipart/form-data",
    "multipart/form-data; charset=utf-8",
    "multipart/mixed",
    "application/json",
    "application/octet-stream",
    "text/plain; charset=utf-8",
]


@pytest.mark.parametrize("label", LABELS)
async def test_text_parts_of_any_type_are_read_by_actions(http, label):
    person = await http.register("林晓雨")
    other = await http.register("other")
    fields = {"token": person.token, "to_user_id": str(other.id), "action_type": "1"}
    body = b"".join(
        part(name, value.encode(), f"Content-Type: {label}", "Content-Transfer-Encoding: binary")
        for name, value in {**fields, "content": "你好"}.items()
    )
    answer = await http.call("POST", "/douyin/message/action/", data=body + b"--b--", headers=FORM)
    assert answer["status_code"] == 0, answer
    query = {"token": person.token, "to_user_id": other.id}
    (message,) = (await http.get("/douyin/message/chat/", **query))["message_list"]
    assert message["content"] == "你好"


@pytest.mark.parametrize("label", LABELS)
async def test_text_and_file_parts_of_any_type_are_read_by_uploads(http, clip: Path, label):
    person = await http.register("uploader")
    video = await asyncio.to_thread(clip.read_bytes)
    body = (
        part("data", video, f"Content-Type: {label}", filename="x.mp4")
        + part("token", person.token.encode(), f"Content-Type: {label}")
        + part("title", "标题".encode(), f"Content-Type: {label}")
    )
    answer = await http.call("POST", "/douyin/publish/action/", data=body + b"--b--", headers=FORM)
    assert answer["status_code"] == 0, answer
    listed = await http.get("/douyin/publish/list/", user_id=person.id)
    assert [each["title"] for each in listed["video_list"]] == ["标题"]


async def test_a_json_part_is_decoded(http):
    json = "Content-Type: application/json; charset=UTF-8"
    body = part("username", '"晓雨"'.encode(), json) + part("password", b"123456", json) + b"--b--"
    answer = await http.call("POST", "/douyin/user/register/", data=body, headers=FORM)
    user = (await http.get("/douyin/user/", user_id=answer["user_id"]))["user"]
    assert user["name"] == "晓雨"
    logged_in = await http.post("/douyin/user/login/", username="晓雨", password="123456")
    assert logged_in["user_id"] == answer["user_id"]


async def test_a_form_over_a_mebibyte_is_refused_by_methods_without_a_file(http):
    body = part("data", bytes(1 << 20), filename="x") + part("token", b"x") + b"--b--"
    path = "/douyin/favorite/action/"
    answer = await http.call("POST", path, data=body, headers=FORM, status=413)
    assert answer["status_code"] == 10002


@pytest.fixture
async def slow_port() -> AsyncIterator[int]:
    """A server that requires at least 500 bytes per second, and takes 10,000 and what one
    second brings.
    """

    async def read(request: web.Request) -> web.Response:
        try:
            async with form.paced(request, 500, max_bytes=10_000, window_seconds=1.0):
                return web.Response(text=str(len(await request.read())))
        except form.TooLarge as error:
            return web.Response(status=413, text=error.message)

    app = web.Application(middlewares=[chain({}, [envelopes])])
    app.router.add_post("/", read)
    runner = Runner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def drip(port: int, size: int, pause: float, head: bytes, local: str = "127.0.0.1") -> bytes:
    """Send a body in pieces of `size` until the server answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(local, 0))
    writer.write(head)
    answer = asyncio.create_task(reader.readuntil(b"\r\n\r\n"))
    while not answer.done():
        writer.write(b"x" * size)
        await asyncio.wait((answer,), timeout=pause)
    writer.close()
    return await answer


HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"


async def test_a_client_below_the_minimum_rate_is_refused(slow_port):
    assert b" 500 " in await drip(slow_port, 1, 0.02, HEAD % 1_000_000)


async def test_a_client_at_the_minimum_rate_is_served(slow_port):
    # 3,000 bytes per second in more than two windows: the machine may stop for most of one.
    assert b" 200 " in await drip(slow_port, 60, 0.02, HEAD % 7500)


async def test_a_body_that_never_ends_is_refused(slow_port):
    assert b" 413 " in await drip(slow_port, 60, 0.02, HEAD % 100_000_000)


async def test_a_form_that_never_ends_is_refused(http, clip, monkeypatch):
    """Parts behind the file are skipped, but they count to the size of the body."""
    monkeypatch.setattr(form, "paced", functools.partial(form.paced, window_seconds=0.5))
    author = await http.register("author")
    disposition = b'--x\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n'

    async def endless() -> AsyncIterator[bytes]:
        yield disposition % (b"token", b"") + author.token.encode() + b"\r\n"
        yield disposition % (b"data", b'; filename="a"') + clip.read_bytes() + b"\r\n"
        yield disposition % (b"data", b'; filename="b"')
        while True:
            yield b"nobody asks for this" * 1000
            await asyncio.sleep(0.001)

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await http.call(
        "POST", "/douyin/publish/action/", data=endless(), headers=headers, status=413
    )
    assert answer["status_msg"] == "请求体不能超过 3 MB"


PUBLISH = (
    b"POST /douyin/publish/action/ HTTP/1.1\r\nHost: x\r\n"
    b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 2000000\r\n\r\n"
)
FILE = part("data", b"x", filename="x.mp4").removesuffix(b"\r\n")


async def under_way(folder: Path, count: int) -> None:
    """Wait until this many uploads are being received."""
    await eventually(lambda: len(list(folder.glob("*/*"))) == count)


@contextlib.asynccontextmanager
async def dripping(
    port: int, head: bytes, addresses: list[str]
) -> AsyncIterator[list[asyncio.Task]]:
    drips = [asyncio.create_task(drip(port, 1, 0.2, head, each)) for each in addresses]
    try:
        yield drips
    finally:
        for each in drips:
            each.cancel()
        await asyncio.wait(drips)


async def test_slow_anonymous_uploads_do_not_block_a_publish(http, clip, tmp_path):
    person = await http.register("honest")
    port = int(http.base.rpartition(":")[2])
    video = await asyncio.to_thread(clip.read_bytes)
    token, file = part("token", person.token.encode()), part("data", video, filename="x.mp4")
    title = part("title", b"t")
    many = [f"127.0.1.{n + 1}" for n in range(64)]
    async with dripping(port, PUBLISH + title + FILE, many):
        await under_way(tmp_path / "uploads", 8)
        answer = await http.call(
            "POST", "/douyin/publish/action/", data=token + title + file + b"--b--", headers=FORM
        )
        assert answer["status_code"] == 0, "the token comes before the file"
        path = f"/douyin/publish/action/?token={person.token}"
        answer = await http.call("POST", path, data=title + file + b"--b--", headers=FORM)
        assert answer["status_code"] == 0, "the token is in the query"
    await under_way(tmp_path / "uploads", 0)


async def test_one_address_gets_no_more_than_its_share_of_anonymous_uploads(http, clip, tmp_path):
    person = await http.register("honest")
    port = int(http.base.rpartition(":")[2])
    async with dripping(port, PUBLISH + part("title", b"t") + FILE, ["127.0.1.1"] * 64):
        await under_way(tmp_path / "uploads", 4)
        assert (await http.publish(person, clip))["status_code"] == 0, "its token comes last"


async def test_one_user_gets_no_more_than_a_share_of_uploads(http, clip, tmp_path):
    greedy, person = await http.register("greedy"), await http.register("honest")
    port = int(http.base.rpartition(":")[2])
    head = PUBLISH.replace(b"/action/", f"/action/?token={greedy.token}".encode())
    async with dripping(port, head + part("title", b"t") + FILE, ["127.0.0.1"] * 40) as drips:
        await under_way(tmp_path / "uploads", 4)
        path = f"/douyin/publish/action/?token={person.token}"
        video = part("data", await asyncio.to_thread(clip.read_bytes), filename="x.mp4")
        body = part("title", b"t") + video + b"--b--"
        answer = await http.call("POST", path, data=body, headers=FORM)
        assert answer["status_code"] == 0
        # The others are refused after a while, before their file is sent.
        await eventually(lambda: sum(each.done() for each in drips) >= 36)


async def test_a_token_that_is_not_valid_ends_an_upload_before_its_file(http, tmp_path):
    port = int(http.base.rpartition(":")[2])
    head = PUBLISH + part("token", b"nonsense") + part("title", b"t") + FILE
    assert b" 200 " in await drip(port, 1, 0.02, head)
    assert not list((tmp_path / "uploads").glob("*/*"))


CHARSETS = ["punycode", "idna", "unicode_escape", "utf-7", "no-such-charset"]


@pytest.mark.parametrize("charset", CHARSETS)
async def test_a_charset_that_no_client_uses_is_refused(http, charset):
    """Punycode takes time quadratic in the length: 4 s of the event loop for 64 KiB."""
    body = part("username", b"aaaa", f"Content-Type: text/plain; charset={charset}") + b"--b--"
    answer = await http.call("POST", "/douyin/user/login/", data=body, headers=FORM)
    assert answer["status_msg"] == "表单格式错误"
    urlencoded = {"Content-Type": f"application/x-www-form-urlencoded; charset={charset}"}
    answer = await http.call(
        "POST", "/douyin/user/login/", data=b"username=aaaa", headers=urlencoded
    )
    assert answer["status_msg"] == "表单格式错误"


@pytest.mark.parametrize("charset", ["UTF-8", "utf8", "GBK", "gb18030", "ISO-8859-1", '"utf-8"'])
async def test_charsets_of_clients_are_decoded(http, charset):
    await http.register("林晓雨" if "8859" not in charset else "é")
    name = "林晓雨" if "8859" not in charset else "é"
    raw = name.encode(charset.strip('"'))
    body = part("username", raw, f"Content-Type: text/plain; charset={charset}")
    body += part("password", b"secret") + b"--b--"
    answer = await http.call("POST", "/douyin/user/login/", data=body, headers=FORM)
    assert answer["status_code"] == 0, answer


async def test_charsets_that_do_not_exist_are_not_remembered(http):
    """Python keeps every name that it has looked up."""
    before = set(encodings._cache)
    for n in range(20):
        body = part("username", b"a", f"Content-Type: text/plain; charset=odd-{n}") + b"--b--"
        await http.call("POST", "/douyin/user/login/", data=body, headers=FORM)
    assert not {name for name in set(encodings._cache) - before if "odd" in name}


@pytest.mark.parametrize(
    "disposition",
    [
        "form-data; name=\"data\"; filename*=punycode''a-b",
        "form-data; name=\"data\"; filename*=no-such''a",
        'form-data; name="data"; filename="a;b;c.mp4"',
        "form-data; name=data; filename=a b c.mp4",
        'form-data; name="data"; filename="a\\"b.mp4"',
    ],
)
async def test_any_file_name_is_a_file_and_nothing_is_remembered_of_it(http, disposition, recwarn):
    """Python keeps every text that it has warned of; aiohttp warns of what it cannot parse."""
    person = await http.register("uploader")
    file = b"--b\r\nContent-Disposition: " + disposition.encode() + b"\r\n\r\nno video\r\n"
    body = part("token", person.token.encode()) + part("title", b"t") + file + b"--b--"
    answer = await http.call("POST", "/douyin/publish/action/", data=body, headers=FORM)
    assert "视频" in answer["status_msg"]
    assert "缺少" not in answer["status_msg"]
    assert not [str(each.message) for each in recwarn if "Disposition" in str(each.category)]


@pytest.mark.parametrize("disposition", ["", ";", "form-data", "form-data; ;=; name", "x" * 8000])
async def test_a_part_without_a_name_is_ignored(http, disposition, recwarn):
    odd = b"--b\r\nContent-Disposition: " + disposition.encode() + b"\r\n\r\nx\r\n"
    body = odd + part("username", b"nobody") + part("password", b"secret") + b"--b--"
    answer = await http.call("POST", "/douyin/user/login/", data=body, headers=FORM)
    assert answer["status_msg"] == "用户名或密码错误"
    assert not [str(each.message) for each in recwarn if "Disposition" in str(each.category)]


async def test_a_compressed_part_is_refused(http):
    packed = gzip.compress(bytes(32 << 20))
    body = part("username", packed, "Content-Encoding: gzip") + b"--b--"
    answer = await http.call("POST", "/douyin/user/login/", data=body, headers=FORM)
    assert answer["status_msg"] == "表单格式错误"
