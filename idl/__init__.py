"""The contracts: every .thrift file of this folder, parsed at run time by thriftpy2.

Three files describe the HTTP API (``core``, ``interaction``, ``relation``) and five the RPC
services, one each, named after the service's package. Nothing is generated into the tree.
"""

import functools
from pathlib import Path
from types import ModuleType

import thriftpy2

HTTP = ("core", "interaction", "relation")
RPC = ("usermicro", "videomicro", "relationmicro", "favoritemicro", "commentmicro")

_FOLDER = Path(__file__).parent


@functools.cache
def load(stem: str) -> ModuleType:
    """Parse ``{stem}.thrift`` once and return thriftpy2's module of it.

    Raises:
        FileNotFoundError: there is no such contract.
    """
    path = _FOLDER / f"{stem}.thrift"
    if not path.exists():
        raise FileNotFoundError(f"no contract {stem!r}: one of {', '.join(HTTP + RPC)}")
    # thriftpy2 caches by module name: several files define a `User`, so each has its own name.
    return thriftpy2.load(str(path), module_name=f"{stem}_thrift")
