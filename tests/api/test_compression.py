"""gzip: of what, for whom, and once for all who share it."""

import asyncio
import zlib
from unittest.mock import patch

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from api import compression
from api.content import File

PLAIN = {"Accept-Encoding": "identity"}
GZIP = {"Accept-Encoding": "gzip"}


@pytest.fixture
def world() -> str:
    return "embedded"


async def raw(http, path, headers):
    """The response as it is on the wire."""
    session = http.session
    async with session.get(http.base + path, headers=headers) as answer:
        return answer.headers, await answer.read()


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("br;q=1.0, GZIP;q=0.5", True),
        ("*", True),
        ("identity, *;q=0.1", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("*;q=0", False),
        ("gzip;q=high", False),
    ],
)
def test_a_client_gets_gzip_if_it_accepts_it(header, accepted):
    assert compression.accepts_gzip(header) is accepted


@given(st.binary(max_size=4096))
def test_what_was_compressed_is_decompressed_to_the_same_bytes(body):
    assert zlib.decompress(compression.gzip(body), wbits=31) == body


async def test_a_page_of_videos_is_compressed_for_clients_that_ask(http, clip):
    me = await http.register("me")
    for number in range(3):
        assert (await http.publish(me, clip, f"clip {number}"))["status_code"] == 0
    http.session._auto_decompress = False
    for path in ("/douyin/feed/", f"/douyin/feed/?token={me.token}"):
        plain_headers, plain = await raw(http, path, PLAIN)
        headers, body = await raw(http, path, GZIP)
        assert "Content-Encoding" not in plain_headers
        assert headers["Content-Encoding"] == "gzip"
        assert headers["Vary"] == plain_headers["Vary"] == "Accept-Encoding"
        assert headers["Content-Type"] == plain_headers["Content-Type"]
        assert len(body) < len(plain) / 2
        assert zlib.decompress(body, wbits=31).startswith(b'{"status_code":0')


async def test_a_small_answer_is_not_compressed(http):
    http.session._auto_decompress = False
    headers, body = await raw(http, "/douyin/user/register/", GZIP)
    assert len(body) < compression.MIN_BYTES
    assert "Content-Encoding" not in headers
    assert "Vary" not in headers


async def test_anonymous_viewers_of_a_page_share_its_compressed_bytes(http, clip):
    me = await http.register("me")
    for number in range(2):
        await http.publish(me, clip, f"clip {number}")
    with patch.object(compression, "gzip", wraps=compression.gzip) as compressed:
        await asyncio.gather(*(raw(http, "/douyin/feed/", GZIP) for _ in range(20)))
    assert 1 <= compressed.call_count < 20


async def test_media_are_sent_as_they_are(http, clip):
    me = await http.register("me")
    await http.publish(me, clip)
    listed = await http.get("/douyin/publish/list/", user_id=me.id)
    async with http.session.get(listed["video_list"][0]["play_url"], headers=GZIP) as answer:
        assert "Content-Encoding" not in answer.headers
        assert (await answer.read())[4:8] == b"ftyp"


@pytest.mark.parametrize("path", ["/", "/web/main.js", "/openapi.json", "/docs/swagger-ui.css"])
async def test_pages_are_compressed_and_revalidated_in_either_form(site, path):
    site.session._auto_decompress = False
    async with site.ask(path, headers=PLAIN) as plain, site.ask(path, headers=GZIP) as packed:
        assert zlib.decompress(await packed.read(), wbits=31) == await plain.read()
        assert packed.headers["ETag"] == plain.headers["ETag"]
        assert packed.headers["Vary"] == "Accept-Encoding"
        known = {"If-None-Match": plain.headers["ETag"], **GZIP}
    async with site.ask(path, headers=known) as again:
        assert (again.status, await again.read()) == (304, b"")


async def test_a_file_that_changes_is_served_as_it_is_now(tmp_path):
    path = tmp_path / "page.js"
    file = File(path, {})
    request = make_mocked_request("GET", "/web/page.js")
    tags = set()
    for text in ("first", "second"):
        path.write_text(text)
        answer = await file.answer(request)
        assert answer.body == text.encode()
        tags.add(answer.headers["ETag"])
    assert len(tags) == 2
