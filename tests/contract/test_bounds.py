"""Bounds are declared once, in the IDL: their expressions, their fields, matching columns."""

import inspect
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import idl
from commentmicro.dal.model import Comment
from idl import bounds, errors
from microkit import errors as classes
from microkit.errors import ParamError
from microkit.paging import MAX_ITEMS
from microkit.rpc.bounds import check_of
from microkit.rpc.contract import Contract
from microkit.rpc.structs import Field, Type, fields_of
from relationmicro.dal.message import MAX_MESSAGES
from usermicro.dal.model import User
from videomicro.dal.cover import MAX_COVERS
from videomicro.dal.model import Video

ROOT = Path(__file__).parents[2]


def within(bound: str, value: object, **others: object) -> bool:
    """Return whether a value is within a bound, given the other fields of its struct."""
    annotations = {"api.vd": bound}
    if "when" in others:
        annotations["api.when"] = others.pop("when")
    field = Field(1, "field", Type("i64", 10, None, int), "required", annotations)
    check = check_of(type("Struct", (), {"__thrift_fields__": (field,)}))
    try:
        check(SimpleNamespace(field=value, **others))
    except ParamError:
        return False
    return True


@pytest.mark.parametrize(
    ("bound", "right", "wrong"),
    [
        ("$ > 0; msg: m", [1, 5, None], [0, -1]),
        ("$ == 1 || $ == 2; msg: m", [1, 2], [0, 3]),
        ("mblen($) >= 1 && mblen($) <= 2; msg: m", ["字", "ab"], ["", "abc"]),
        ("mblen(trim($)) >= 1; msg: m", [" a "], ["", " \t\n", "\u3000"]),
    ],
)
def test_bounds_mean_what_they_say(bound, right, wrong):
    assert all(within(bound, value) for value in right)
    assert not any(within(bound, value) for value in wrong)


def test_the_bound_of_a_position_of_covers_is_their_number():
    assert within(bounds.COVER, MAX_COVERS)
    assert not within(bounds.COVER, MAX_COVERS + 1)


def test_a_bound_with_a_condition_counts_beside_that_value_only():
    assert not within("$ > 0; msg: m", 0, when="action_type == 1", action_type=1)
    assert within("$ > 0; msg: m", 0, when="action_type == 1", action_type=2)


@pytest.mark.parametrize("bound", ["__import__('os'); msg: m", "$ + 1; msg: m", "len($); msg: m"])
def test_nothing_but_bounds_is_evaluated(bound):
    with pytest.raises(ValueError, match="cannot parse"):
        within(bound, 1)


@pytest.mark.parametrize("when", ["__import__('os') == 1", "a = 1", "a == b", "a == 1 or 1"])
def test_nothing_but_conditions_is_evaluated(when):
    with pytest.raises(ValueError, match="cannot parse"):
        within("$ > 0; msg: m", 1, when=when)


@pytest.mark.parametrize(
    ("column", "bound"),
    [
        (User.name, bounds.USERNAME),
        (User.email, bounds.EMAIL),
        (User.avatar, bounds.AVATAR),
        (User.background_image, bounds.BACKGROUND_IMAGE),
        (User.signature, bounds.SIGNATURE),
        (Video.title, bounds.TITLE),
        (Video.play_url, bounds.VIDEO_URL),
        (Video.cover_url, bounds.VIDEO_URL),
        (Comment.content, bounds.COMMENT),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
def test_a_column_is_as_long_as_its_bound_allows(column, bound):
    assert within(bound, "字" * column.max_length)
    assert not within(bound, "字" * (column.max_length + 1))


@pytest.mark.parametrize(
    ("bound", "shortest", "longest"),
    [
        (bounds.USERNAME, 1, 32),
        (bounds.PASSWORD, 1, 32),
        (bounds.TITLE, 1, 128),
        (bounds.COMMENT, 1, 500),
        (bounds.MESSAGE, 1, 1000),
    ],
)
def test_the_texts_of_the_http_contract_have_its_lengths(bound, shortest, longest):
    assert within(bound, "字" * shortest)
    assert within(bound, "字" * longest)
    assert not within(bound, "字" * (shortest - 1))
    assert not within(bound, "字" * (longest + 1))


@pytest.mark.parametrize(
    ("bound", "largest"), [(bounds.LIST_COUNT, MAX_ITEMS), (bounds.CHAT_COUNT, MAX_MESSAGES)]
)
def test_a_caller_may_ask_for_as_many_items_as_a_page_has(bound, largest):
    assert within(bound, 1)
    assert within(bound, largest)
    assert not within(bound, largest + 1)


def test_every_bound_is_named_by_a_field():
    named = {
        f.annotations.get("api.vd")
        for stem in (*idl.HTTP, *idl.RPC)
        for struct in Contract(idl.load(stem)).structs.values()
        for f in fields_of(struct)
    }
    assert {getattr(bounds, name) for name in bounds.__all__} == named - {None}


def test_a_struct_without_bounds_has_nothing_to_check():
    contract = Contract(idl.load("favoritemicro"))
    assert check_of(contract.FavoriteSummaryReq) is None
    assert check_of(contract.FavoriteSummaryResp) is None


def test_the_numbers_of_errors_are_those_of_the_idl():
    ours = {
        kind.code
        for _, kind in inspect.getmembers(classes, inspect.isclass)
        if issubclass(kind, classes.Error)
    }
    assert ours == {code.value for code in errors.ErrorCode}
    for code in errors.ErrorCode:
        name = "".join(part.capitalize() for part in code.name.split("_"))
        assert type(classes.from_code(code)).__name__ == name


@pytest.mark.parametrize(
    ("stem", "struct", "action"),
    [
        ("commentmicro", "CommentReq", "CommentAction"),
        ("favoritemicro", "FavoriteReq", "FavoriteAction"),
        ("relationmicro", "FollowReq", "FollowAction"),
        ("relation", "MessageActionReq", "MessageAction"),
    ],
)
def test_the_bound_of_an_action_allows_exactly_its_values(stem, struct, action):
    contract = Contract(idl.load(stem))
    (field,) = (f for f in fields_of(contract.structs[struct]) if f.name == "action_type")
    allowed = {value for value in range(-5, 50) if within(field.annotations["api.vd"], value)}
    assert allowed == {each.value for each in contract.enums[action]}


def test_a_field_that_names_no_bound_fails_at_start_with_the_name(tmp_path):
    shutil.copytree(ROOT / "idl", tmp_path / "idl")
    shutil.copytree(ROOT / "microkit", tmp_path / "microkit")
    path = tmp_path / "idl" / "videomicro.thrift"
    path.write_text(path.read_text().replace('"FEED_LIMIT"', '"FEED_LIMITS"'))
    command = [sys.executable, "-c", "from idl import videomicro"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "LookupError: bounds.thrift has no bound 'FEED_LIMITS'" in done.stderr
