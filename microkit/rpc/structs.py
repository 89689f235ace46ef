"""Thrift structs as msgspec classes, made from what thriftpy2 parsed.

A field's requiredness decides how it is constructed: a required one has to be given, an optional
one is None by default, one of default requiredness is its type's zero value.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec
from thriftpy2.thrift import TType

Requiredness = Literal["required", "optional", "default"]
Struct = type[msgspec.Struct]

_SIMPLE: dict[int, tuple[str, Any]] = {
    TType.BOOL: ("bool", False),
    TType.BYTE: ("byte", 0),
    TType.I16: ("i16", 0),
    TType.I32: ("i32", 0),
    TType.I64: ("i64", 0),
    TType.DOUBLE: ("double", 0.0),
    TType.STRING: ("string", ""),
    TType.BINARY: ("binary", b""),
}


@dataclass(frozen=True, slots=True)
class Type:
    """A Thrift type.

    Attributes:
        name: how the IDL spells it, e.g. ``map<i64,string>``.
        ttype: its number on the wire.
        spec: fastbinary's argument for it.
        zero: makes its empty value.
        struct: the class, if it is a struct.
        element: the class of the values, if it is a list or map of structs.
    """

    name: str
    ttype: int
    spec: Any = field(repr=False)
    zero: Callable[[], Any] = field(repr=False)
    struct: Struct | None = None
    element: Struct | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a struct as its IDL declares it."""

    id: int
    name: str
    type: Type
    requiredness: Requiredness
    annotations: Mapping[str, str]

    def zero(self) -> Any:
        """Return the empty value of the field's type."""
        return self.type.zero()


def fields_of(struct: Struct) -> tuple[Field, ...]:
    """Return the fields of a struct made by `struct_of`, by id."""
    fields: tuple[Field, ...] = struct.__thrift_fields__  # type: ignore[attr-defined]
    return fields


def spec_of(struct: Struct) -> tuple[Any, ...]:
    """Return fastbinary's spec of a struct: a tuple indexed by field id."""
    by_id: list[Any] = [None] * (max((f.id for f in fields_of(struct)), default=0) + 1)
    for f in fields_of(struct):
        by_id[f.id] = (f.id, f.type.ttype, f.name, f.type.spec, None)
    return tuple(by_id)


def zero(struct: Struct, **values: Any) -> Any:
    """Return a struct with `values` set and every other required field empty, all the way down."""
    empty = {
        f.name: f.zero()
        for f in fields_of(struct)
        if f.requiredness == "required" and f.name not in values
    }
    return struct(**empty, **values)


@functools.cache
def struct_of(parsed: type) -> Struct:
    """Return the msgspec class of a struct that thriftpy2 parsed, one class per parsed struct."""
    fields = tuple(_field(parsed, fid) for fid in sorted(parsed.thrift_spec))  # type: ignore[attr-defined]
    return msgspec.defstruct(
        parsed.__name__,
        [_definition(f) for f in fields],
        namespace={"__thrift_fields__": fields, "__doc__": f"{parsed.__name__} of the IDL."},
        module=parsed.__module__.replace("_thrift", ""),
        kw_only=True,
        omit_defaults=True,
        gc=False,
    )


def wrapper(name: str, fid: int, struct: Struct) -> Struct:
    """Return the struct around a call's argument (id 1) or a reply's result (id 0)."""
    kind = Type(
        struct.__name__, TType.STRUCT, [struct, spec_of(struct)], lambda: zero(struct), struct
    )
    namespace = {"__thrift_fields__": (Field(fid, "value", kind, "required", {}),)}
    return msgspec.defstruct(name, [("value", Any)], namespace=namespace, gc=False)


def _definition(f: Field) -> Any:
    if f.requiredness == "required":
        return (f.name, Any)
    if f.requiredness == "optional":
        return (f.name, Any, None)
    # A function of ours, not `list` itself: msgspec would take that for a default to omit.
    return (f.name, Any, msgspec.field(default_factory=lambda: f.zero()))  # noqa: PLW0108


def _field(parsed: Any, fid: int) -> Field:
    ttype, name, *rest = parsed.thrift_spec[fid]
    return Field(
        id=fid,
        name=name,
        type=_type(ttype, rest[0] if len(rest) == 2 else None),
        requiredness=_requiredness(parsed, name, required=rest[-1]),
        annotations=parsed.__thrift_field_annotations__.get(name, {}),
    )


def _type(ttype: int, argument: Any) -> Type:
    """Return the type of thriftpy2's number and argument (a struct, an element type, a pair)."""
    if ttype in _SIMPLE:
        name, value = _SIMPLE[ttype]
        text = {TType.STRING: "UTF8", TType.BINARY: "BINARY"}.get(ttype)
        # On the wire binary is a string.
        return Type(name, TType.STRING if text else ttype, text, lambda: value)
    if ttype == TType.STRUCT:
        struct = struct_of(argument)
        return Type(struct.__name__, ttype, [struct, spec_of(struct)], lambda: zero(struct), struct)
    if ttype == TType.MAP:
        key, value = (_element(part) for part in argument)
        spec = (key.ttype, key.spec, value.ttype, value.spec, False)
        return Type(f"map<{key.name},{value.name}>", ttype, spec, dict, element=value.struct)
    inner = _element(argument)
    return Type(
        f"list<{inner.name}>", ttype, (inner.ttype, inner.spec, False), list, element=inner.struct
    )


def _element(argument: Any) -> Type:
    return _type(*(argument if isinstance(argument, tuple) else (argument, None)))


@functools.cache
def _source(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines()


def _requiredness(parsed: Any, name: str, *, required: bool) -> Requiredness:
    """Tell default from optional, which thriftpy2 does not keep: the declaration's line does."""
    if required:
        return "required"
    line = _source(parsed.__thrift_file__)[parsed.__thrift_field_linenos__[name] - 1]
    return "optional" if "optional" in line.partition("//")[0].split() else "default"
