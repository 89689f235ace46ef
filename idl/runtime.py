"""Fills the Python module of a contract with the declarations of its IDL file."""

from typing import Any, Protocol

import idl
from microkit.rpc.contract import Contract


def fill(module: dict[str, Any]) -> None:
    """Put the structs, enums and constants of an IDL into the globals of its module.

    An RPC contract also gets the names that its stub declares for annotations: a ``…Handler`` and
    a ``…Client`` for each service, ``Client`` and ``Handlers`` for all services of the file. These
    are empty at run time.
    """
    stem = module["__name__"].rpartition(".")[2]
    service = idl.service(stem).name if stem in idl.RPC else ""
    contract: Contract[Any, Any] = Contract(idl.load(stem), service)
    names = {**contract.constants, **contract.enums, **contract.structs}
    if contract.services:
        names["CONTRACT"] = contract
    if service:
        names |= {f"{name}Handler": _protocol(f"{name}Handler") for name in contract.services}
        names |= {f"{name}Client": _protocol(f"{name}Client") for name in contract.services}
        names |= {"Client": _protocol("Client"), "Handlers": dict}
    module.update(names, __all__=sorted(names))


def _protocol(name: str) -> type:
    class Empty(Protocol):
        pass

    Empty.__name__ = Empty.__qualname__ = name
    return Empty
