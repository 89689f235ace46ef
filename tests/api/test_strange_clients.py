"""Clients that send malformed HTTP or disconnect early."""

import asyncio
import gzip
import json
import logging
import zlib

import pytest
from fleet import turns

REGISTER = "/douyin/user/register/"
URLENCODED = "application/x-www-form-urlencoded"
NAMED = b"Content-Disposition: form-data; name="
PARTS = [
    b"Content-Disposition form-data\r\n\r\nx",
    NAMED + b'"_charset_"\r\n\r\n' + b"x" * 60,
    NAMED + b'"a"\r\nContent-Transfer-Encoding: zzz\r\n\r\nx',
]


async def raw(http, data: bytes, *, leave: bool = False) -> tuple[int, bytes]:
    """Send raw bytes; return the status and the body."""
    host, port = http.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(data)
        if leave:
            await writer.drain()
            return 0, b""
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        return int(head.split()[1]), await reader.readexactly(length)
    finally:
        writer.close()


async def test_a_url_in_raw_utf8_is_accepted(http):
    person = await http.register("林晓雨", "密码六个字啊")
    line = "POST /douyin/user/login/?username=林晓雨&password=密码六个字啊 HTTP/1.1\r\n"
    line += "Host: x:1\r\n\r\n"
    status, body = await raw(http, line.encode())
    assert (status, json.loads(body)["user_id"]) == (200, person.id)


async def test_a_body_that_looks_like_a_request_is_unchanged(http):
    """Encoding it would change its length and shift the next request."""
    body = "GET /名字 HTTP/1.1\r\n\r\n".encode()
    first = (
        f"POST {REGISTER}?username=a&password=secret HTTP/1.1\r\nHost: x\r\n"
        f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    host, port = http.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(first.encode())
    await turns()  # so that the body comes in a packet of its own
    writer.write(body + b"GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answers = await asyncio.wait_for(reader.read(), 5)
    assert answers.count(b"HTTP/1.1 200 OK") == 2
    assert answers.endswith(b'{"message":"pong"}')
    writer.close()


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /douyin/feed/ HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /douyin/user/?token=secret%b HTTP/1.1\r\nHost: x\r\n\r\n" % (b"x" * 70_000),
        b"GET /ping HTTP/1.1\r\nAuthorization Bearer secret\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nHost: x\r\nX: %b\r\n\r\n" % (b"secret" * 2000),
    ],
)
async def test_malformed_http_gets_an_envelope_without_its_content(http, caplog, request_):
    status, body = await raw(http, request_)
    assert status == 400
    assert json.loads(body)["status_code"] == 10002
    assert b"secret" not in body
    assert "secret" not in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("host", [b"a b", b"x/evil?", b"\xff", b"x:port"])
async def test_an_invalid_host_header_is_refused(http, host):
    status, body = await raw(http, b"GET /douyin/feed/ HTTP/1.1\r\nHost: %b\r\n\r\n" % host)
    assert (status, json.loads(body)["status_code"]) in ((200, 10002), (400, 10002))


@pytest.mark.parametrize("head", [b"HTTP/1.0\r\n", b"HTTP/1.1\r\nHost:\r\n"])
async def test_urls_use_the_local_address_without_a_host_header(http, head):
    person = await http.register("hostless")
    status, body = await raw(http, b"GET /douyin/user/?user_id=%d %b\r\n" % (person.id, head))
    assert status == 200
    assert json.loads(body)["user"]["avatar"].startswith(f"{http.base}/objects/")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"a":' * 10_000),
        *[("multipart/form-data; boundary=b", b"--b\r\n%b\r\n--b--" % part) for part in PARTS],
        (URLENCODED, b"username=%FF&password=x"),
        (URLENCODED, b"username=\xff&password=x"),
        (f"{URLENCODED}; charset=nothing", b"username=a&password=x"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", [REGISTER, "/douyin/publish/action/"])
async def test_a_body_that_does_not_match_its_content_type_is_refused(
    http, caplog, content_type, body, path
):
    person = await http.register("strange")
    query = f"?token={person.token}&title=t" if "publish" in path else ""
    answer = await http.call(
        "POST", path + query, data=body, headers={"Content-Type": content_type}
    )
    assert answer["status_code"] == 10002
    assert answer["status_msg"] != "服务出错，请稍后再试"
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("path", [REGISTER, "/douyin/publish/action/"])
async def test_a_compressed_body_is_refused_and_never_decompressed(http, path, monkeypatch):
    def fail(*_args, **_options):
        raise AssertionError("decompressed")

    monkeypatch.setattr(zlib, "decompressobj", fail)
    packed = gzip.compress(b"username=zip&password=secret")
    for content_type in (URLENCODED, "application/json", "multipart/form-data; boundary=b"):
        headers = {"Content-Type": content_type, "Content-Encoding": "gzip"}
        url = f"{http.base}{path}"
        async with http.session.post(url, data=packed, headers=headers) as answer:
            assert answer.status == 415
            body = await answer.json()
        assert (body["status_code"], "压缩" in body["status_msg"]) == (10002, True)
    plain = {"Content-Type": URLENCODED, "Content-Encoding": "identity"}
    answer = await http.call(
        "POST", REGISTER, data=b"username=plain&password=secret", headers=plain
    )
    assert answer["status_code"] == 0


async def test_a_query_that_is_not_utf_8_is_refused(http):
    status, body = await raw(
        http, b"POST %b?username=%%FFx&password=x HTTP/1.1\r\nHost: x\r\n\r\n" % REGISTER.encode()
    )
    assert (status, json.loads(body)["status_code"]) == (200, 10002)
    answer = await http.post(REGISTER, username="100%", password="50%FF!!")
    assert answer["status_code"] == 0, "a lone percent sign is valid"


async def test_a_json_body_is_limited_to_what_the_contract_needs(http):
    headers = {"Content-Type": "application/json"}
    longest = {"username": "long", "password": "secret", "unknown": "\U0001f600" * 5000}
    answer = await http.call("POST", REGISTER, data=json.dumps(longest), headers=headers)
    assert answer["status_code"] == 0
    body = '{"username": [' + "[]," * 30_000 + "[]]}"
    answer = await http.call("POST", REGISTER, 413, data=body, headers=headers)
    assert answer["status_code"] == 10002
    assert answer["status_msg"] == "JSON 请求体不能超过 64 KB"


async def test_the_first_of_duplicate_json_keys_is_used(http):
    body = b'{"username": "first", "password": "secret", "username": "second"}'
    answer = await http.call(
        "POST", REGISTER, data=body, headers={"Content-Type": "application/json"}
    )
    user = (await http.get("/douyin/user/", user_id=answer["user_id"]))["user"]
    assert user["name"] == "first"


async def test_a_client_that_disconnects_is_not_logged_as_an_error(http, caplog, tmp_path):
    person = await http.register("leaves")
    for path, content_type in (
        (REGISTER, URLENCODED),
        (f"/douyin/publish/action/?token={person.token}", "multipart/form-data; boundary=b"),
    ):
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\n"
        head += "Content-Length: 5000\r\n\r\n"
        body = '--b\r\nContent-Disposition: form-data; name="data"; filename="a"\r\n\r\nhalf'
        await raw(http, (head + body).encode(), leave=True)
    # The API hears of both before it answers these.
    for _ in range(10):
        await http.get("/douyin/feed/")
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []
    assert not [path for path in (tmp_path / "uploads").rglob("*") if path.is_file()]
