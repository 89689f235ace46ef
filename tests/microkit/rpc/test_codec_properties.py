"""Property tests of the codec over all structs of all contracts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import idl
from microkit.rpc.codec import Codec, DecodeError
from microkit.rpc.contract import Contract
from microkit.rpc.structs import fields_of

SIMPLE = {
    "bool": st.booleans(),
    "byte": st.integers(-(2**7), 2**7 - 1),
    "i16": st.integers(-(2**15), 2**15 - 1),
    "i32": st.integers(-(2**31), 2**31 - 1),
    "i64": st.integers(-(2**63), 2**63 - 1),
    "double": st.floats(allow_nan=False),
    "string": st.text(),
    "binary": st.binary(),
}


def values(name, struct):
    """Values of a Thrift type; `struct` is the class of the structs in it, if any."""
    if name.startswith("list<"):
        return st.lists(values(name[5:-1], struct), max_size=3)
    if name.startswith("map<"):
        key, _, value = name[4:-1].partition(",")
        return st.dictionaries(values(key, None), values(value, struct), max_size=3)
    return SIMPLE[name] if struct is None or name in SIMPLE else structs(struct)


def structs(struct):
    """Values of a struct; optional fields may be unset."""
    fields = {}
    for field in fields_of(struct):
        inside = values(field.type.name, field.type.struct or field.type.element)
        optional = field.requiredness == "optional"
        fields[field.name] = st.none() | inside if optional else inside
    return st.builds(struct, **fields)


def messages(stem):
    methods = Contract(idl.load(stem)).methods().values()
    every = {struct for method in methods for struct in (method.request, method.response)}
    return st.sampled_from(sorted(every, key=lambda struct: struct.__name__)).flatmap(structs)


@pytest.mark.parametrize("stem", idl.RPC)
def test_any_struct_survives_a_round_trip(stem):
    @given(messages(stem))
    def round_trip(value):
        codec = Codec(type(value))
        data = codec.encode(value)
        assert codec.decode(data) == (value, len(data))

    round_trip()


@given(st.binary(max_size=200))
def test_any_bytes_are_a_struct_or_a_decode_error(data):
    codec = Codec(Contract(idl.load("videomicro")).Video)
    try:
        value, end = codec.decode(data)
    except DecodeError:
        return
    assert isinstance(value, codec.struct)
    assert 0 < end <= len(data)
