"""``scripts/call SERVICE METHOD '{"id": 1}'``: calls an RPC method and prints the JSON response."""

import argparse
import asyncio
import dataclasses
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

import idl
from microkit import __version__, config
from microkit.discovery import open_resolver
from microkit.errors import Error, Unavailable
from microkit.rpc.client import Client
from microkit.rpc.codec import DecodeError, EncodeError
from microkit.rpc.contract import Contract
from microkit.rpc.structs import Struct, fields_of
from scripts.terminal import quiet_when_closed

PACKAGES: Final = {service.name: service.package for service in idl.SERVICES}


class RequestError(Exception):
    """The JSON does not match the request struct; the message names the place and the fields."""


class UnavailableError(Exception):
    """The service did not answer; the message names the addresses that were tried."""


_FAILURES: Final = (RequestError, UnavailableError, EncodeError, DecodeError)


def main() -> None:
    """Call the method given on the command line, or list services, methods and structs."""
    with quiet_when_closed():
        _main()


def _main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/call", description=__doc__)
    parser.add_argument("service", nargs="?", choices=sorted(PACKAGES), metavar="SERVICE")
    parser.add_argument("method", nargs="?", metavar="METHOD")
    parser.add_argument("request", nargs="?", default="{}", metavar="JSON")
    parser.add_argument("--address", help="host:port (default: from the settings)")
    parser.add_argument("--transport", choices=("framed", "ttheader"), default="ttheader")
    parser.add_argument("--list", action="store_true", help="list services, methods and structs")
    parser.add_argument("--version", action="version", version=f"scripts/call {__version__}")
    arguments = parser.parse_args()
    if arguments.list or not arguments.method:
        for name in [arguments.service] if arguments.service else PACKAGES:
            contract: Contract[Any, Any] = Contract(idl.load(PACKAGES[name]))
            sys.stdout.write("\n".join(describe(name, contract)) + "\n\n")
        return
    try:
        answer = asyncio.run(_call(arguments))
    except (*_FAILURES, Error, config.ConfigError) as error:
        sys.exit(f"scripts/call: {error}")
    sys.stdout.write(answer + "\n")


async def _call(arguments: argparse.Namespace) -> str:
    contract: Contract[Any, Any] = Contract(idl.load(PACKAGES[arguments.service]))
    if arguments.method not in contract.methods():
        known = ", ".join(contract.methods())
        raise RequestError(f"{arguments.service} has no {arguments.method}: one of {known}")
    try:
        values = json.loads(arguments.request)
    except json.JSONDecodeError as error:
        raise RequestError(f"invalid JSON: {error}") from None
    settings = config.load(config.Settings, rpc_transport=arguments.transport)
    if arguments.address:
        addresses = {**settings.addresses, arguments.service: arguments.address}
        settings = dataclasses.replace(settings, addresses=addresses, discovery_url="static:")
    async with open_resolver(settings, idl.ports()) as resolver:
        client = Client(arguments.service, contract, resolver, settings, "call")
        try:
            answer = await invoke(client, contract, arguments.method, values)
        except Unavailable as error:
            found = ", ".join(map(str, resolver.cached(arguments.service))) or "no address"
            raise UnavailableError(f"{arguments.service} at {found}: {error}") from None
        finally:
            await client.close()
    return msgspec.json.format(msgspec.json.encode(answer), indent=2).decode()


async def invoke(client: Client, contract: Contract[Any, Any], name: str, values: Any) -> Any:
    """Return the response struct, whether it reports success or failure.

    Raises:
        RequestError: `values` do not match the request struct.
        Error: there was no response.
    """
    method = contract.methods()[name]
    request = struct_of(method.request, values)
    body = method.arguments.encode(method.arguments.struct(value=request))
    message = await client.send(method, body)
    result, _ = method.result.decode(message.body, message.start)
    return result.value


def struct_of(struct: Struct, values: Any, where: str = "request") -> Any:
    """Build a struct from JSON values; `where` is its path in error messages.

    Raises:
        RequestError: the values do not match the struct.
    """
    fields = {field.name: field for field in fields_of(struct)}
    if not isinstance(values, Mapping):
        raise RequestError(f"{where}: expected an object with the fields {', '.join(fields)}")
    if unknown := set(values) - set(fields):
        names = ", ".join(sorted(unknown))
        raise RequestError(f"{where}: unknown field {names}: one of {', '.join(fields)}")
    missing = [f.name for f in fields.values() if f.requiredness == "required"]
    if missing := [name for name in missing if name not in values]:
        raise RequestError(f"{where}: missing field {', '.join(missing)}")
    given = {}
    for name, value in values.items():
        inner, element = fields[name].type.struct, fields[name].type.element
        if inner is not None:
            value = struct_of(inner, value, f"{where}.{name}")  # noqa: PLW2901
        elif element is not None:
            value = [struct_of(element, each, f"{where}.{name}") for each in value]  # noqa: PLW2901
        given[name] = value
    return struct(**given)


def describe(name: str, contract: Contract[Any, Any]) -> Iterator[str]:
    """Yield the lines of the listing: services with their methods, then structs with fields."""
    yield name
    for service, methods in contract.services.items():
        yield f"  {service}"
        for method in methods.values():
            yield f"    {method.name}({method.request.__name__}) -> {method.response.__name__}"
    for struct_name, struct in contract.structs.items():
        fields = ", ".join(
            f"{field.id}: {field.requiredness} {field.type.name} {field.name}".replace(
                "default ", ""
            )
            for field in fields_of(struct)
        )
        yield f"  {struct_name} {{ {fields} }}"


if __name__ == "__main__":
    main()
