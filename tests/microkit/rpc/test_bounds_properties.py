"""Property tests of the language of bounds."""

import operator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microkit.errors import ParamError
from microkit.rpc.bounds import check_of
from microkit.rpc.structs import Field, Type

COMPARE = {
    "==": operator.eq, "!=": operator.ne, ">=": operator.ge, "<=": operator.le,
    ">": operator.gt, "<": operator.lt,
}  # fmt: skip
MEASURES = {
    "string": {"mblen($)": len, "mblen(trim($))": lambda text: len(text.strip())},
    "i64": {"$": lambda number: number},
}
VALUES = {"string": st.text(max_size=12), "i64": st.integers(-3, 15)}


def comparisons(kind):
    """Pairs of an expression and the equivalent Python function."""

    def made(parts):
        measure, sign, number = parts
        of, compare = MEASURES[kind][measure], COMPARE[sign]
        return f"{measure} {sign} {number}", lambda value: compare(of(value), number)

    signs, measures = st.sampled_from(sorted(COMPARE)), st.sampled_from(sorted(MEASURES[kind]))
    return st.tuples(measures, signs, st.integers(0, 12)).map(made)


def joined(inner):
    def both(parts):
        (a, one), (b, other) = parts
        return f"({a}) && ({b})", lambda value: one(value) and other(value)

    def either(parts):
        (a, one), (b, other) = parts
        return f"({a}) || ({b})", lambda value: one(value) or other(value)

    pairs = st.tuples(inner, inner)
    return pairs.map(both) | pairs.map(either)


def bounded(kind, bound):
    """A struct with one optional field that has this bound."""
    field = Field(1, "field", Type(kind, 0, None, str), "optional", {"api.vd": bound})
    namespace = {"__thrift_fields__": (field,)}
    return msgspec.defstruct("Bounded", [("field", object, None)], namespace=namespace)


@pytest.mark.parametrize("kind", ["string", "i64"])
def test_a_value_passes_if_and_only_if_the_expression_is_true(kind):
    @given(st.recursive(comparisons(kind), joined, max_leaves=4), VALUES[kind])
    def passes(expression, value):
        text, holds = expression
        struct = bounded(kind, f"{text}; msg: 超出范围")
        check = check_of(struct)
        check(struct())  # unset
        if holds(value):
            check(struct(field=value))
        else:
            with pytest.raises(ParamError, match="超出范围"):
                check(struct(field=value))

    passes()


@given(st.text(max_size=12))
def test_an_invalid_bound_is_refused_when_it_is_parsed(text):
    """Only tokens of the language reach the compiler."""
    try:
        check_of(bounded("string", f"{text} import os; msg: x"))
    except (ValueError, SyntaxError):
        return
    raise AssertionError(f"{text!r} was read")
