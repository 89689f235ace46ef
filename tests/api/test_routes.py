"""Routes and bounds come from the IDL."""

import pytest

from api.contract import core
from api.routes import endpoints
from api.settings import Settings
from api.validation import compiled


def test_a_method_without_a_handler_fails_at_start_with_its_name():
    with pytest.raises(TypeError, match="FeedMethod"):
        list(endpoints(core, object(), None, Settings()))


@pytest.mark.parametrize(
    ("bounds", "right", "wrong"),
    [
        ("$ > 0; msg: m", [1, 5], [0, -1]),
        ("$ == 1 || $ == 2; msg: m", [1, 2], [0, 3]),
        ("mblen($) >= 1 && mblen($) <= 2; msg: m", ["字", "ab"], ["", "abc"]),
        ("mblen(trim($)) >= 1; msg: m", [" a "], ["", " \t\n", "\u3000"]),
    ],
)
def test_bounds_mean_what_they_say(bounds, right, wrong):
    check, message = compiled(bounds)
    assert message == "m"
    assert all(check(value) for value in right)
    assert not any(check(value) for value in wrong)


@pytest.mark.parametrize("bounds", ["__import__('os'); msg: m", "$ + 1; msg: m", "len($); msg: m"])
def test_nothing_but_bounds_is_evaluated(bounds):
    with pytest.raises(ValueError, match="cannot read"):
        compiled(bounds)
