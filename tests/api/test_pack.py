"""Stored values as clients get them."""

import pytest

from api.pack.url import absolute

BASE = "http://api:8888/objects"


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.example/a.mp4?x=1&y=%20#t=1",
        "http://[::1]:9000/bucket/a.mp4",
        "HTTP://host/视频.mp4",
    ],
)
def test_a_stored_web_address_is_unchanged(url):
    assert absolute(BASE, url) == url


def test_a_key_is_below_the_base():
    assert absolute(BASE, "videos/a.mp4") == f"{BASE}/videos/a.mp4"


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "javascript://%0aalert(1)",
        "file:///etc/passwd",
        "ftp://host/a.mp4",
        "data://text/html,<script>",
        'https://host/"onerror="alert(1)',
        "https://host/a\nSet-Cookie: x",
        "https://host/a b",
        "https://",
        " https://host/a",
    ],
)
def test_other_urls_are_not_passed_to_clients(stored):
    assert absolute(BASE, stored) == ""


@pytest.mark.parametrize("stored", ["javascript:alert(1)", "data:text/html,x", "//host/a"])
def test_a_text_like_a_key_stays_below_the_base(stored):
    assert absolute(BASE, stored) == f"{BASE}/{stored}"
