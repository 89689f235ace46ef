"""Pages that anonymous requests share."""

import pytest

from api.pack.video import VideoItem
from api.pages import FeedPage

ROW = VideoItem(1, "标题", 2, "videos/a.mp4", "covers/a.jpg")


def page(next_ns=7, **changed):
    return FeedPage([ROW._replace(**changed)], next_ns)


def test_pages_of_equal_videos_are_one_key():
    assert page() == page()
    assert len({page(), page()}) == 1


@pytest.mark.parametrize("field", VideoItem._fields)
def test_pages_that_differ_in_any_field_are_two(field):
    value = getattr(ROW, field)
    assert page(**{field: value + ("x" if isinstance(value, str) else 1)}) != page()


def test_pages_that_differ_in_the_next_time_are_two():
    assert page(next_ns=8) != page()
