"""Pages that anonymous requests share."""

import pytest

from api.lists import FeedPage
from idl import videomicro

FIELDS = {
    "id": 1, "title": "标题", "author_id": 2, "play_url": "videos/a.mp4",
    "cover_url": "covers/a.jpg", "favorite_count": 0, "comment_count": 0,
}  # fmt: skip


def page(next_ns=7, **changed):
    return FeedPage([videomicro.Video(**{**FIELDS, **changed})], next_ns)


def test_pages_of_equal_videos_are_one_key():
    assert page() == page()
    assert len({page(), page()}) == 1


@pytest.mark.parametrize("field", videomicro.Video.__struct_fields__)
def test_pages_that_differ_in_any_field_are_two(field):
    value = FIELDS[field]
    assert page(**{field: value + ("x" if isinstance(value, str) else 1)}) != page()


def test_pages_that_differ_in_the_next_time_are_two():
    assert page(next_ns=8) != page()
