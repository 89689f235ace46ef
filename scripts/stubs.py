"""``scripts/stubs``: writes ``idl/NAME.pyi``, the types of what ``idl/NAME.py`` has at run time."""

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import idl
from microkit import __version__
from microkit.rpc import status
from microkit.rpc.contract import TIMEOUT, Contract, Method
from microkit.rpc.structs import Field, Struct, fields_of

_FOLDER: Final = Path(idl.__file__).parent
_TYPES: Final = {
    "bool": "bool",
    "byte": "int",
    "i16": "int",
    "i32": "int",
    "i64": "int",
    "double": "float",
    "string": "str",
    "binary": "bytes",
    "list": "list",
    "map": "dict",
}
_DECLARATION: Final = re.compile(r"(?:struct|enum|service) (\w+) \{")
_FIELD: Final = re.compile(r"\s+(?:\d+: .*?(\w+)(?: \(.*\))?|(\w+) = \d+)\s+// (.*)")


def main() -> None:
    """Write every stub, or with ``--check`` fail naming those that are not up to date."""
    parser = argparse.ArgumentParser(prog="scripts/stubs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    parser.add_argument("--version", action="version", version=f"scripts/stubs {__version__}")
    check = parser.parse_args().check
    stale = []
    for stem in (*idl.HTTP, *idl.RPC, *idl.SHARED):
        path, text = _FOLDER / f"{stem}.pyi", stub(stem)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(f"idl/{path.name}")
            if not check:
                path.write_text(text, encoding="utf-8")
    if check and stale:
        sys.exit(f"not up to date: {', '.join(stale)}; run scripts/stubs and commit the result")


def stub(stem: str) -> str:
    """Return the stub of one contract, formatted as ruff does."""
    source = (_FOLDER / f"{stem}.thrift").read_text(encoding="utf-8")
    contract: Contract[Any, Any] = Contract(idl.load(stem))
    text = "\n".join(_lines(contract, _Comments(source), is_rpc=stem in idl.RPC))
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", f"idl/{stem}.pyi", "-"]
    done = subprocess.run(
        command, cwd=_FOLDER.parent, input=text, capture_output=True, text=True, check=True
    )
    return done.stdout


class _Comments:
    """The comments of one IDL file: of the file, of a declaration, of a field in it."""

    def __init__(self, source: str) -> None:
        self.declarations: dict[str, str] = {}
        self.fields: dict[tuple[str, str], str] = {}
        above: list[str] = []
        name = ""
        for line in source.splitlines():
            if opened := _DECLARATION.match(line):
                name = opened[1]
                self.declarations[name] = "\n".join(above)
            elif inner := _FIELD.match(line):
                self.fields[name, inner[1] or inner[2]] = inner[3]
            above = [*above, line[2:].strip()] if line.startswith("//") else []


def _lines(contract: Contract[Any, Any], comments: _Comments, *, is_rpc: bool) -> Iterator[str]:
    yield f"# Written by scripts/stubs from {contract.name}.thrift; do not edit."
    yield from _imports(contract, is_rpc=is_rpc)
    for name, value in contract.constants.items():
        yield f"{name}: Final = {value!r}"
    for name, kind in contract.enums.items():
        yield f"class {name}(enum.IntEnum):"
        yield from _docstring(comments.declarations.get(name, ""))
        for member in kind:
            comment = comments.fields.get((name, member.name))
            yield f"    {member.name} = {member.value}{f'  # {comment}' if comment else ''}"
    for struct in contract.structs.values():
        yield from _struct(contract, struct, comments)
    if is_rpc:
        yield from _services(contract)
        yield "CONTRACT: Contract[Client, Handlers]"
    elif contract.services:
        yield "CONTRACT: Contract[object, Mapping[str, object]]"


def _imports(contract: Contract[Any, Any], *, is_rpc: bool) -> Iterator[str]:
    if contract.enums:
        yield "import enum"
    if contract.services and not is_rpc:
        yield "from collections.abc import Mapping"
    names = [
        *(["Final"] if contract.constants else []),
        *(["Protocol"] if is_rpc else []),
        *(["Self"] if any(map(status.declared, contract.structs.values())) else []),
        *(["TypedDict"] if is_rpc else []),
    ]
    if names:
        yield f"from typing import {', '.join(names)}"
    if contract.structs:
        yield "import msgspec"
    for other in sorted(_included(contract)):
        yield f"from idl import {other}"
    if contract.services:
        yield "from microkit.rpc.contract import Contract"


def _included(contract: Contract[Any, Any]) -> set[str]:
    inner = {
        each
        for struct in contract.structs.values()
        for f in fields_of(struct)
        if (each := f.type.struct or f.type.element) is not None
    }
    return {each.__module__ for each in inner} - {contract.name}


def _docstring(text: str) -> Iterator[str]:
    if text:
        lines = text.splitlines()
        yield f'    """{lines[0]}'
        yield from (f"    {line}" for line in lines[1:])
        yield '    """'


def _struct(contract: Contract[Any, Any], struct: Struct, comments: _Comments) -> Iterator[str]:
    name = struct.__name__
    yield f"class {name}(msgspec.Struct, kw_only=True):"
    yield from _docstring(comments.declarations.get(name, ""))
    for f in fields_of(struct):
        comment = comments.fields.get((name, f.name))
        yield f"    {_declared(f, contract)}{f'  # {comment}' if comment else ''}"
    if status.declared(struct):
        own = status.status_of(struct).fields()
        given = [_declared(f, contract) for f in fields_of(struct) if f.name not in own]
        yield "    @classmethod"
        yield f"    def ok({_parameters('cls', given)}) -> Self: ..."


def _services(contract: Contract[Any, Any]) -> Iterator[str]:
    for service, methods in contract.services.items():
        yield f"class {service}Handler(Protocol):"
        for method in methods.values():
            types = f"request: {method.request.__name__}) -> {method.response.__name__}"
            yield f"    async def {method.name}(self, {types}: ..."
        yield f"class {service}Client(Protocol):"
        for method in methods.values():
            yield from _client_method(method, contract)
    bases = ", ".join(f"{service}Client" for service in contract.services)
    yield f"class Client({bases}, Protocol): ..."
    yield "class Handlers(TypedDict):"
    yield from (f"    {service}: {service}Handler" for service in contract.services)


def _client_method(method: Method, contract: Contract[Any, Any]) -> Iterator[str]:
    given = [_declared(f, contract) for f in fields_of(method.request)]
    parameters = _parameters("self", [*given, f"{TIMEOUT}: float | None = None"])
    yield f"    async def {method.name}({parameters}) -> {method.response.__name__}: ..."


def _parameters(first: str, keywords: list[str]) -> str:
    return ", ".join([first, *(["*"] if keywords else []), *keywords])


def _declared(f: Field, contract: Contract[Any, Any]) -> str:
    default = {"required": "", "optional": " | None = None", "default": " = ..."}
    return f"{f.name}: {_annotation(f, contract)}{default[f.requiredness]}"


def _annotation(f: Field, contract: Contract[Any, Any]) -> str:
    def spelled(match: re.Match[str]) -> str:
        name = match[0]
        if name in _TYPES or name in contract.structs:
            return _TYPES.get(name, name)
        inner = f.type.struct or f.type.element
        return f"{inner.__module__}.{name}" if inner is not None else name

    return re.sub(r"\w+", spelled, f.type.name).translate(str.maketrans("<>", "[]"))


if __name__ == "__main__":
    main()
