"""Thrift structs as msgspec classes, built from the IDL that thriftpy2 parsed.

A field's requiredness determines its default: a required field has none, an optional field is None,
a field of default requiredness is its type's zero value.
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
        name: the spelling in the IDL, e.g. ``map<i64,string>``.
        ttype: the number on the wire.
        spec: the argument that describes the type to fastbinary.
        zero: returns the zero value.
        struct: the class of a struct, else None.
        element: the class of the values of a list or map of structs, else None.
    """

    name: str
    ttype: int
    spec: Any = field(repr=False)
    zero: Callable[[], Any] = field(repr=False)
    struct: Struct | None = None
    element: Struct | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a struct as declared in the IDL."""

    id: int
    name: str
    type: Type
    requiredness: Requiredness
    annotations: Mapping[str, str]

    def zero(self) -> Any:
        """Return the zero value of the field's type."""
        return self.type.zero()


def fields_of(struct: Struct) -> tuple[Field, ...]:
    """Return the fields of a struct class of `struct_of`, in the order of their ids."""
    fields: tuple[Field, ...] = struct.__thrift_fields__  # type: ignore[attr-defined]
    return fields


def spec_of(struct: Struct) -> tuple[Any, ...]:
    """Return the spec of a struct for fastbinary: a tuple indexed by field id."""
    by_id: list[Any] = [None] * (max((f.id for f in fields_of(struct)), default=0) + 1)
    for f in fields_of(struct):
        by_id[f.id] = (f.id, f.type.ttype, f.name, f.type.spec, None)
    return tuple(by_id)


def zero(struct: Struct, **values: Any) -> Any:
    """Return a struct with `values`, its other required fields zero, recursively."""
    empty = {
        f.name: f.zero()
        for f in fields_of(struct)
        if f.requiredness == "required" and f.name not in values
    }
    return struct(**empty, **values)


@functools.cache
def struct_of(parsed: type) -> Struct:
    """Return the msgspec class of a struct parsed by thriftpy2; always the same class."""
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
    """Return the struct that wraps a call's argument (id 1) or a reply's result (id 0)."""
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
    # Not `list` itself: msgspec would omit a field equal to a built-in default factory.
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
    """Return a type from thriftpy2's description.

    Args:
        ttype: the number of the type on the wire.
        argument: the class of a struct, the element type of a list, or a map's (key, value) types.
    """
    if ttype in _SIMPLE:
        name, value = _SIMPLE[ttype]
        text = {TType.STRING: "UTF8", TType.BINARY: "BINARY"}.get(ttype)
        # On the wire a binary is a string.
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
    """Return the requiredness; thriftpy2 drops `optional`, so it is read from the IDL's line."""
    if required:
        return "required"
    line = _source(parsed.__thrift_file__)[parsed.__thrift_field_linenos__[name] - 1]
    declaration = line.partition("//")[0]
    if name not in declaration:
        raise ValueError(f"{parsed.__name__}.{name} is not declared in the line that was parsed")
    return "optional" if "optional" in declaration.split() else "default"
