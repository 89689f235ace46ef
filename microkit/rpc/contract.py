"""A contract: the structs, enums, constants and methods of one parsed IDL file."""

import asyncio
import enum
import functools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Generic, TypeVar

from thriftpy2.thrift import TType

from microkit.rpc import status
from microkit.rpc.bounds import check_of
from microkit.rpc.codec import Codec
from microkit.rpc.structs import Struct, fields_of, struct_of, wrapper

ClientT = TypeVar("ClientT")
HandlersT = TypeVar("HandlersT", bound=Mapping[str, object])
Coroutine = Callable[[Any], Awaitable[Any]]

# The keyword of a client's methods for the time limit; the others are the request's fields.
TIMEOUT: Final = "timeout"


@dataclass(frozen=True, slots=True)
class Method:
    """One method of a service: request struct to response struct."""

    service: str
    name: str
    request: Struct
    response: Struct
    annotations: Mapping[str, str]
    arguments: Codec = field(repr=False)
    result: Codec = field(repr=False)
    wire_name: bytes

    def coroutine(self, handler: object) -> Coroutine:
        """Return the coroutine function of `handler` with the method's name.

        Raises:
            TypeError: `handler` has none.
        """
        call: Coroutine | None = getattr(handler, self.name, None)
        if call is None or not asyncio.iscoroutinefunction(call):
            raise TypeError(f"{type(handler).__name__} has no coroutine {self.name}")
        return call

    def checked(self, handler: object) -> Coroutine:
        """Return `coroutine(handler)` behind a check of the request's bounds.

        The returned function raises ParamError for a request out of bounds.

        Raises:
            TypeError: `handler` has no such coroutine.
        """
        call, check = self.coroutine(handler), check_of(self.request)
        if check is None:
            return call

        def checked(request: Any) -> Awaitable[Any]:
            check(request)
            return call(request)

        return checked


class Contract(Generic[ClientT, HandlersT]):
    """One IDL file: its structs by attribute (``contract.UserInfo``) and its services' methods.

    `ClientT` and `HandlersT` are the types of its clients and handlers; the stubs give them to
    mypy. `service` is the name under which instances are registered, empty for an HTTP contract.

    Raises:
        TypeError: a method is not of the form ``Response Name(1: Request request)``, or a request
            has a field named `TIMEOUT`.
        ValueError: a bound cannot be parsed.
    """

    def __init__(self, module: ModuleType, service: str = "") -> None:
        meta = module.__thrift_meta__
        self.name: str = Path(module.__thrift_file__).stem
        self.service = service
        self.structs: Mapping[str, Struct] = {c.__name__: struct_of(c) for c in meta["structs"]}
        self.enums: Mapping[str, type[enum.IntEnum]] = {
            each.__name__: _enum(each) for each in meta.get("enums", ())
        }
        self.constants: Mapping[str, Any] = {
            name: value
            for name, value in vars(module).items()
            if name.isupper() and isinstance(value, int | str)
        }
        self.services: Mapping[str, Mapping[str, Method]] = {
            service.__name__: {name: _method(service, name) for name in service.thrift_services}
            for service in meta["services"]
        }
        for struct in self.structs.values():
            check_of(struct)
            if status.declared(struct):
                struct.ok = staticmethod(status.success(struct))  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> Struct:
        try:
            return self.structs[name]
        except KeyError:
            raise AttributeError(f"{self.name}.thrift has no struct {name!r}") from None

    def methods(self) -> Mapping[str, Method]:
        """Return every method of every service by its name, unique within a contract."""
        return {name: m for service in self.services.values() for name, m in service.items()}


@functools.cache
def _enum(parsed: Any) -> type[enum.IntEnum]:
    members: Mapping[str, int] = parsed._NAMES_TO_VALUES  # noqa: SLF001 - no public equivalent
    # mypy accepts literal members only.
    result: type[enum.IntEnum] = enum.IntEnum(parsed.__name__, members)  # type: ignore[misc]
    return result


def _method(service: Any, name: str) -> Method:
    arguments = getattr(service, f"{name}_args").thrift_spec
    result = getattr(service, f"{name}_result").thrift_spec
    if list(arguments) != [1] or list(result) != [0] or result[0][0] != TType.STRUCT:
        raise TypeError(f"{service.__name__}.{name}: want one argument with id 1, one struct back")
    request, response = struct_of(arguments[1][2]), struct_of(result[0][2])
    if any(f.name == TIMEOUT for f in fields_of(request)):
        raise TypeError(f"{request.__name__}: {TIMEOUT} is reserved for the time limit of a call")
    return Method(
        service=service.__name__,
        name=name,
        request=request,
        response=response,
        annotations=service.__thrift_function_annotations__.get(name, {}),
        arguments=Codec(wrapper(f"{name}_args", 1, request)),
        result=Codec(wrapper(f"{name}_result", 0, response)),
        wire_name=name.encode(),
    )
