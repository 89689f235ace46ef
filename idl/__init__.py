"""The contracts: every .thrift file of this folder, parsed at run time by thriftpy2.

Three files describe the HTTP API (``core``, ``interaction``, ``relation``). Each RPC service has
one file, named after the service's package. `SERVICES` is the only list of the services: clients,
default addresses, the supervisor, scripts and tests read it. ``bounds`` and ``errors`` hold what
all contracts share.

Each contract is a module of its own: ``from idl import usermicro`` parses usermicro.thrift, and
usermicro.pyi, which scripts/stubs writes, has the types of what it then holds. Importing ``idl``
alone parses nothing.
"""

import functools
from pathlib import Path
from types import ModuleType
from typing import Final, NamedTuple


class RpcService(NamedTuple):
    """An RPC service: its package and IDL file, its name in Kitex's registry, its default port."""

    package: str
    name: str
    port: int


SERVICES: Final = (
    RpcService("usermicro", "userservice", 10000),
    RpcService("videomicro", "videoservice", 10001),
    RpcService("relationmicro", "relationservice", 10002),
    RpcService("favoritemicro", "favoriteservice", 10003),
    RpcService("commentmicro", "commentservice", 10004),
)
HTTP: Final = ("core", "interaction", "relation")
RPC: Final = tuple(service.package for service in SERVICES)
SHARED: Final = ("bounds", "errors")

_FOLDER = Path(__file__).parent


def service(package: str) -> RpcService:
    """Return the service of a package.

    Raises:
        LookupError: there is no such service.
    """
    for each in SERVICES:
        if each.package == package:
            return each
    raise LookupError(f"no service {package!r}: one of {', '.join(RPC)}")


def ports(*packages: str) -> dict[str, int]:
    """Return the default ports by Kitex name: of these packages, or of all services."""
    return {each.name: each.port for each in map(service, packages or RPC)}


@functools.cache
def load(stem: str) -> ModuleType:
    """Parse ``{stem}.thrift`` once and return thriftpy2's module of it.

    The names of bounds are replaced by what they stand for.

    Raises:
        FileNotFoundError: there is no such contract.
        LookupError: a field names a bound that does not exist.
    """
    import thriftpy2  # not everything that reads the list needs a parser

    path = _FOLDER / f"{stem}.thrift"
    if not path.exists():
        raise FileNotFoundError(f"no contract {stem!r}: one of {', '.join(HTTP + RPC + SHARED)}")
    # thriftpy2 caches by module name: several files define a `User`, so each has its own name.
    module = thriftpy2.load(str(path), module_name=f"{stem}_thrift")
    for struct in module.__thrift_meta__["structs"]:
        for annotations in struct.__thrift_field_annotations__.values():
            if "api.vd" in annotations:
                annotations["api.vd"] = _bound(annotations["api.vd"])
    return module


def _bound(name: str) -> str:
    """Return the bound that bounds.thrift has under this name."""
    bounds = vars(load("bounds"))
    if name not in bounds:
        raise LookupError(f"bounds.thrift has no bound {name!r}")
    return str(bounds[name])
