"""From an IDL to what travels: msgspec structs, their fastbinary specs, the methods of a service.

thriftpy2 parses the .thrift file; Apache Thrift's ``fastbinary`` turns structs into strict TBinary
and back. What this module adds is requiredness, both ways: a required field that is missing is an
error and never a hole in a message.
"""

import functools
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import msgspec
from thrift.protocol import fastbinary
from thrift.protocol.TProtocol import TProtocolException
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


class EncodeError(Exception):
    """A struct that may not be sent: a required field is missing or a value has the wrong type."""


class DecodeError(Exception):
    """Bytes that are no such struct: truncated, mistyped, or a required field missing."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a struct as its IDL declares it.

    `struct` is set where the type is a struct, `element` where it is a list or map of structs.
    """

    id: int
    name: str
    type_name: str
    requiredness: Requiredness
    annotations: Mapping[str, str]
    ttype: int
    spec: Any = field(repr=False)
    zero: Callable[[], Any] = field(repr=False)
    struct: Struct | None = None
    element: Struct | None = None


@dataclass(frozen=True, slots=True)
class Method:
    """One method of a service: takes one struct, answers one struct."""

    service: str
    name: str
    request: Struct
    response: Struct
    annotations: Mapping[str, str]
    arguments: "Codec" = field(repr=False)
    result: "Codec" = field(repr=False)


class Contract:
    """One IDL file: its structs by attribute (``contract.UserInfo``) and its services' methods.

    Raises:
        TypeError: a method of it is not of the form ``Response Name(1: Request request)``.
    """

    def __init__(self, module: ModuleType) -> None:
        meta = module.__thrift_meta__
        self.name: str = Path(module.__thrift_file__).stem
        self.structs: Mapping[str, Struct] = {c.__name__: _struct(c) for c in meta["structs"]}
        self.services: Mapping[str, Mapping[str, Method]] = {
            service.__name__: {name: _method(service, name) for name in service.thrift_services}
            for service in meta["services"]
        }

    def __getattr__(self, name: str) -> Struct:
        try:
            return self.structs[name]
        except KeyError:
            raise AttributeError(f"{self.name}.thrift has no struct {name!r}") from None

    def methods(self) -> Mapping[str, Method]:
        """Return every method of every service by its name, unique within a contract."""
        return {name: m for service in self.services.values() for name, m in service.items()}


class Codec:
    """Strict TBinary of one struct type, with limits and with requiredness enforced both ways."""

    __slots__ = ("_check", "_spec", "struct")

    def __init__(self, struct: Struct) -> None:
        self.struct = struct
        self._spec = [struct, spec_of(struct)]
        self._check = _checker(struct)

    def encode(self, value: msgspec.Struct) -> bytes:
        """Return the bytes of `value`.

        Raises:
            EncodeError: a required field is unset, or a value does not fit its type.
        """
        try:
            self._check(value)
            encoded: bytes = fastbinary.encode_binary(value, self._spec)
        except (TypeError, OverflowError, AttributeError, UnicodeError) as error:
            raise EncodeError(f"{self.struct.__name__}: {error}") from error
        return encoded

    def decode(self, data: bytes, start: int = 0) -> tuple[Any, int]:
        """Read one struct from `data` at `start`: return it and where its bytes end.

        Nothing larger than what arrived is allocated: every length is bounded by the message's.

        Raises:
            DecodeError: these bytes are no such struct.
        """
        protocol = _Input(data, start)
        try:
            value = fastbinary.decode_binary(None, protocol, self._spec)
        except _UNDECODABLE as error:
            raise DecodeError(f"{self.struct.__name__}: {error}") from error
        return value, protocol.trans.cstringio_buf.tell()


# fastbinary's own (EOFError, OverflowError, TypeError, ValueError …) and msgspec's for what is
# required (TypeError).
_UNDECODABLE = (
    EOFError,
    OverflowError,
    TypeError,
    ValueError,
    MemoryError,
    RecursionError,
    TProtocolException,  # nested too deep
)


class _Buffer:
    """A transport as fastbinary wants it: a readable C buffer, and no more where that ends."""

    __slots__ = ("cstringio_buf",)

    def __init__(self, data: bytes, start: int) -> None:
        self.cstringio_buf = io.BytesIO(data)
        self.cstringio_buf.seek(start)

    def cstringio_refill(self, _partial: bytes, wanted: int) -> io.BytesIO:
        raise EOFError(f"ends {wanted} bytes early")


class _Input:
    """A protocol as fastbinary wants it: a transport, and limits for every length it reads."""

    __slots__ = ("container_length_limit", "string_length_limit", "trans")

    def __init__(self, data: bytes, start: int) -> None:
        self.trans = _Buffer(data, start)
        self.string_length_limit = self.container_length_limit = len(data)


def fields_of(struct: Struct) -> tuple[Field, ...]:
    """Return the fields of a struct made by a `Contract`, by id."""
    fields: tuple[Field, ...] = struct.__thrift_fields__  # type: ignore[attr-defined]
    return fields


def spec_of(struct: Struct) -> tuple[Any, ...]:
    """Return fastbinary's spec of a struct: a tuple indexed by field id."""
    by_id: list[Any] = [None] * (max((f.id for f in fields_of(struct)), default=0) + 1)
    for f in fields_of(struct):
        by_id[f.id] = (f.id, f.ttype, f.name, f.spec, None)
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
def _struct(parsed: type) -> Struct:
    """Make the msgspec class of a struct that thriftpy2 parsed, once however often included."""
    fields = tuple(_field(parsed, fid) for fid in sorted(parsed.thrift_spec))  # type: ignore[attr-defined]
    return msgspec.defstruct(
        parsed.__name__,
        [_definition(f) for f in fields],
        namespace={"__thrift_fields__": fields},
        module=parsed.__module__,
        kw_only=True,
        omit_defaults=True,
        gc=False,
    )


def _definition(f: Field) -> Any:
    if f.requiredness == "required":
        return (f.name, Any)
    if f.requiredness == "optional":
        return (f.name, Any, None)
    # A function of ours, not `list` itself: msgspec would take that for a default to omit.
    return (f.name, Any, msgspec.field(default_factory=lambda: f.zero()))  # noqa: PLW0108


def _field(parsed: Any, fid: int) -> Field:
    ttype, name, *rest = parsed.thrift_spec[fid]
    argument = rest[0] if len(rest) == 2 else None
    type_name, spec, empty, struct, element = _type(ttype, argument)
    return Field(
        id=fid,
        name=name,
        type_name=type_name,
        requiredness=_requiredness(parsed, name, required=rest[-1]),
        annotations=parsed.__thrift_field_annotations__.get(name, {}),
        ttype=TType.STRING if ttype == TType.BINARY else ttype,
        spec=spec,
        zero=empty,
        struct=struct,
        element=element,
    )


def _type(ttype: int, argument: Any) -> tuple[str, Any, Callable[[], Any], Any, Any]:
    """Return a type's spelling, fastbinary argument, empty value, struct and element struct."""
    if ttype in _SIMPLE:
        name, value = _SIMPLE[ttype]
        text = {TType.STRING: "UTF8", TType.BINARY: "BINARY"}.get(ttype)
        return name, text, lambda: value, None, None
    if ttype == TType.STRUCT:
        struct = _struct(argument)
        return struct.__name__, [struct, spec_of(struct)], lambda: zero(struct), struct, None
    if ttype == TType.MAP:
        key, value = (_element(part) for part in argument)
        spec = (key[0], key[1][1], value[0], value[1][1], False)
        return f"map<{key[1][0]},{value[1][0]}>", spec, dict, None, value[1][3]
    code, inner = _element(argument)
    return f"list<{inner[0]}>", (code, inner[1], False), list, None, inner[3]


def _element(argument: Any) -> tuple[int, tuple[str, Any, Callable[[], Any], Any, Any]]:
    ttype, inner = argument if isinstance(argument, tuple) else (argument, None)
    return (TType.STRING if ttype == TType.BINARY else ttype), _type(ttype, inner)


@functools.cache
def _source(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines()


def _requiredness(parsed: Any, name: str, *, required: bool) -> Requiredness:
    """Tell default from optional, which thriftpy2 does not keep: the declaration's line does."""
    if required:
        return "required"
    line = _source(parsed.__thrift_file__)[parsed.__thrift_field_linenos__[name] - 1]
    return "optional" if "optional" in line.partition("//")[0].split() else "default"


def _method(service: Any, name: str) -> Method:
    arguments = getattr(service, f"{name}_args").thrift_spec
    result = getattr(service, f"{name}_result").thrift_spec
    if list(arguments) != [1] or list(result) != [0] or result[0][0] != TType.STRUCT:
        raise TypeError(f"{service.__name__}.{name}: want one argument with id 1, one struct back")
    request, response = _struct(arguments[1][2]), _struct(result[0][2])
    return Method(
        service=service.__name__,
        name=name,
        request=request,
        response=response,
        annotations=service.__thrift_function_annotations__.get(name, {}),
        arguments=Codec(_wrapper(f"{name}_args", 1, request)),
        result=Codec(_wrapper(f"{name}_result", 0, response)),
    )


def _wrapper(name: str, fid: int, struct: Struct) -> Struct:
    """Make the struct around a call's argument (id 1) or a reply's result (id 0)."""
    f = Field(
        id=fid,
        name="value",
        type_name=struct.__name__,
        requiredness="required",
        annotations={},
        ttype=TType.STRUCT,
        spec=[struct, spec_of(struct)],
        zero=lambda: zero(struct),
        struct=struct,
    )
    namespace = {"__thrift_fields__": (f,)}
    return msgspec.defstruct(name, [("value", Any)], namespace=namespace, gc=False)


@functools.cache
def _checker(struct: Struct) -> Callable[[Any], None]:
    """Compile the check that no required field is None: fastbinary would leave it out silently."""
    scope: dict[str, Any] = {"EncodeError": EncodeError, "missing": _missing}
    lines = ["def check(value):"]
    required = [f.name for f in fields_of(struct) if f.requiredness != "optional"]
    if required:
        unset = " or ".join(f"value.{name} is None" for name in required)
        lines += [f"    if {unset}:", "        raise EncodeError(missing(value))"]
    for f in fields_of(struct):
        inner = f.struct or f.element
        if inner is None:
            continue
        scope[f"check_{f.id}"] = _checker(inner)
        if f.struct:
            lines += [f"    if value.{f.name} is not None: check_{f.id}(value.{f.name})"]
        else:
            values = "{}).values()" if f.ttype == TType.MAP else "())"
            lines += [f"    for each in (value.{f.name} or {values}: check_{f.id}(each)"]
    exec("\n".join([*lines, "    return None"]), scope)  # noqa: S102 - our own text, names from the IDL
    check: Callable[[Any], None] = scope["check"]
    return check


def _missing(value: msgspec.Struct) -> str:
    names = [
        f.name
        for f in fields_of(type(value))
        if f.requiredness != "optional" and getattr(value, f.name) is None
    ]
    return f"{type(value).__name__}: required {', '.join(names)} unset"
