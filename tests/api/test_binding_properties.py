"""Property tests of argument binding: any notation of a whole number, any text."""

from decimal import Decimal, InvalidOperation

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import idl
from api.binding import bind
from microkit.errors import ParamError
from microkit.rpc.contract import Contract

REQUEST = Contract(idl.load("relation")).FollowListReq
I64 = st.integers(-(2**63), 2**63 - 1)
EXACT = st.integers(-(2**53), 2**53)  # a double holds each of them


def user_id(value):
    return bind(REQUEST, {"user_id": value}).user_id


@given(I64)
def test_a_whole_number_is_read_exactly(number):
    for spelled in (number, str(number), f" {number}\t"):
        assert user_id(spelled) == (number or 0)


@given(EXACT)
def test_a_whole_number_is_read_as_clients_with_doubles_write_it(number):
    for spelled in (
        float(number),
        repr(float(number)),
        f"{number}.0",
        f"{number}e0",
        f"{number}E+00",
    ):
        assert user_id(spelled) == number


@given(st.integers(-999, 999), st.integers(0, 12))
def test_an_exponent_is_read(number, exponent):
    assert user_id(f"{number}e+{exponent:02}") == number * 10**exponent


@given(st.text() | st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?"))
@example("1.0000000000000000001")
@example("9007199254740993.0")
@example("1e400")
@example("0e999999999")
@example("1e-999999999")
@example("nan")
@example("sNaN")
@example("-Infinity")
@example("-0.5e1")
def test_a_parsed_number_equals_its_text_exactly(text):
    try:
        read = user_id(text)
    except ParamError:
        return
    if text == "":
        assert read == 0
        return
    try:
        exact = Decimal(text.strip())
    except InvalidOperation:
        raise AssertionError(f"{text!r} is no number") from None
    assert exact == read


@given(st.text())
def test_text_arrives_unchanged(text):
    assert bind(REQUEST, {"token": text}).token == text


@pytest.mark.parametrize("text", ["\ud800", "a\udfff"])
def test_a_lone_surrogate_is_refused(text):
    with pytest.raises(ParamError, match="token"):
        bind(REQUEST, {"token": text})


@given(st.booleans() | st.lists(st.integers()) | st.dictionaries(st.text(), st.integers()))
def test_values_that_are_neither_text_nor_number_are_refused(value):
    for name in ("user_id", "token"):
        with pytest.raises(ParamError, match=name):
            bind(REQUEST, {name: value})
