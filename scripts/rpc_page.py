"""The page ``docs/rpc.md``: every RPC method with its structs, from the IDL."""

from collections.abc import Iterator
from typing import Any

import idl
from microkit.rpc.bounds import message_of
from microkit.rpc.comments import IdlComments
from microkit.rpc.contract import Contract
from microkit.rpc.structs import Field, Struct, fields_of

_HEAD = """\
# RPC methods

Made by `scripts/stubs` from `idl/*.thrift`; do not edit. `scripts/call --list` prints the methods
too, `scripts/call` calls them, and [callers.md](callers.md) shows callers in Go, Java, Node and
Python. The HTTP API is described at `/docs` of a running system.

The text in quotation marks after a field is the error for a value out of its bounds."""


def page() -> str:
    """Return the text of the page."""
    return "\n".join([_HEAD, *(line for each in idl.SERVICES for line in _service(each))]) + "\n"


def _service(service: idl.RpcService) -> Iterator[str]:
    contract: Contract[Any, Any] = Contract(idl.load(service.package))
    comments = IdlComments(idl.source(service.package))
    yield f"\n## {service.name}\n"
    yield f"`idl/{service.package}.thrift`, port {service.port}.\n"
    yield "| method | request | response |"
    yield "|---|---|---|"
    for method in contract.methods().values():
        yield f"| {method.name} | {method.request.__name__} | {method.response.__name__} |"
    yield "\n```thrift"
    yield "\n\n".join("\n".join(_struct(each, comments)) for each in contract.structs.values())
    yield "```"


def _struct(struct: Struct, comments: IdlComments) -> Iterator[str]:
    name = struct.__name__
    yield from (f"// {line}" for line in comments.declarations.get(name, "").splitlines())
    yield f"struct {name} {{"
    for f in fields_of(struct):
        texts = [comments.fields.get((name, f.name), ""), *_bound(f)]
        comment = "; ".join(filter(None, texts))
        needed = "" if f.requiredness == "default" else f"{f.requiredness} "
        declared = f"    {f.id}: {needed}{f.type.name} {f.name}"
        yield f"{declared}  // {comment}" if comment else declared
    yield "}"


def _bound(f: Field) -> Iterator[str]:
    if "api.vd" in f.annotations:
        yield f'"{message_of(f.annotations["api.vd"])}"'
