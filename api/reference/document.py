"""The OpenAPI 3.1 document of the HTTP API."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from api.reference.schemas import FAILURE, Schema, Schemas, argument, comments_of, reference
from microkit import __version__
from microkit.rpc.contract import Contract, Method
from microkit.rpc.structs import Field, Struct, fields_of

_VERBS: Final = {"api.get": "get", "api.post": "post"}
EVENTS: Final = "text/event-stream"
_JSON: Final = "application/json"
_MULTIPART: Final = "multipart/form-data"
_FORMS: Final = ("application/x-www-form-urlencoded", _MULTIPART)
_TOKEN: Final = "token"  # noqa: S105 - the name of an argument
_SECURITY: Final = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    _TOKEN: {"type": "apiKey", "in": "query", "name": _TOKEN},
}
_ABOUT: Final = """
Every call of a method is answered with HTTP 200 and an object with `status_code`: 0 is success, any
other value an error, whose text for people is in `status_msg`. A failed call has every field of its
answer, empty. Only a body that is too large (413) or compressed (415) and what is no call of a
method are answered with another status.

Each path works with and without its last slash. A POST takes its arguments from the query, a form
or a JSON object; an argument in the query precedes one in the body. Integers may be written as
`12`, `12.0` or `1.2e+01`. An empty argument is an absent one.

`token` comes from registering or logging in. It may be sent as `Authorization: Bearer`, in the
query, or in the body.
"""


def document(contracts: Iterable[Contract[Any, Any]]) -> Schema:
    """Return the document of the methods of these HTTP contracts.

    Raises:
        TypeError: structs of two contracts have the same name.
        ValueError: JSON Schema has no keywords for a bound.
    """
    schemas = Schemas()
    paths: dict[str, Schema] = {}
    for contract in contracts:
        for method in contract.methods().values():
            for path, verb, operation in _operations(contract.name, method, schemas):
                paths.setdefault(path, {})[verb] = operation
    paths["/ping"] = {"get": _ping()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "极简抖音",
            "version": __version__,
            "summary": "The HTTP API of a minimal Douyin",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": contract.name} for contract in contracts],
        "paths": paths,
        "components": {"schemas": schemas.by_name, "securitySchemes": _SECURITY},
    }


def _operations(tag: str, method: Method, schemas: Schemas) -> Iterator[tuple[str, str, Schema]]:
    """Yield path, verb and operation of each way to call a method."""
    name = method.name.removesuffix("Method")
    declared = {verb: path for key, verb in _VERBS.items() if (path := method.annotations.get(key))}
    for verb, path in declared.items():
        operation: Schema = {
            "operationId": name if len(declared) == 1 else f"{name}{verb.title()}",
            "tags": [tag],
            "summary": comments_of(tag).declarations[method.service],
            "parameters": list(_parameters(method.request, needed=verb == "get")),
            "responses": _responses(method, schemas, with_body=verb == "post"),
            "security": _security(method.annotations.get("api.auth")),
        }
        if verb == "post":
            operation["requestBody"] = {
                "content": _bodies(method.request, schemas),
                "required": _takes_file(method.request),
            }
        yield path, verb, operation


def _parameters(request: Struct, *, needed: bool) -> Iterator[Schema]:
    """Yield the arguments in the query; those of a POST may be in its body instead."""
    for f in fields_of(request):
        if f.name != _TOKEN and f.type.name != "binary":
            schema = argument(request, f)
            text = {"description": schema.pop("description")} if "description" in schema else {}
            required = needed and _needed(f)
            yield {"name": f.name, "in": "query", **text, "required": required, "schema": schema}


def _bodies(request: Struct, schemas: Schemas) -> Mapping[str, Schema]:
    """Return the body by media type: all arguments as a form or a JSON object."""
    fields = fields_of(request)
    schema = schemas.request(request, [f.name for f in fields if _needed(f)])
    media_types = (_MULTIPART,) if _takes_file(request) else (*_FORMS, _JSON)
    return {media_type: {"schema": schema} for media_type in media_types}


def _takes_file(request: Struct) -> bool:
    return any(f.type.name == "binary" for f in fields_of(request))


def _needed(f: Field) -> bool:
    """Return whether a call without the argument is refused whatever else it has."""
    if f.type.name == "binary":
        return True
    return f.requiredness == "required" and "api.vd" in f.annotations


def _responses(method: Method, schemas: Schemas, *, with_body: bool) -> Schema:
    content: Schema = {_JSON: {"schema": schemas.response(method.response)}}
    if streams := method.annotations.get("api.stream") == "true":
        content[EVENTS] = {"schema": {"type": "string"}}
    header = {
        "X-Request-Id": {
            "description": "in all log lines of the call",
            "schema": {"type": "string"},
        }
    }
    answers: Schema = {
        "200": {"description": "success or failure", "headers": header, "content": content}
    }
    if streams:
        answers["503"] = {"description": "too many are open", "content": content}
    if with_body:
        answers["413"] = {"description": "the body is too large", "content": content}
        answers["415"] = {"description": "the body is compressed", "content": content}
    failure = {_JSON: {"schema": reference(FAILURE)}}
    answers["default"] = {"description": "no call of the method", "content": failure}
    return answers


def _security(auth: str | None) -> list[dict[str, list[str]]]:
    if auth is None:
        return []
    ways: list[dict[str, list[str]]] = [{name: []} for name in _SECURITY]
    return ways if auth == "required" else [{}, *ways]


def _ping() -> Schema:
    schema = {
        "type": "object",
        "properties": {"message": {"const": "pong"}},
        "required": ["message"],
    }
    answer = {"description": "the API runs", "content": {_JSON: {"schema": schema}}}
    return {"operationId": "Ping", "summary": "Whether the API runs.", "responses": {"200": answer}}
