"""The bounds in the API reference are those of the system, wherever an argument is sent."""

import json
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

import idl
from api import SERVICE
from api.auth import Tokens
from api.reference.document import document
from idl import core, finding, interaction, moderation, relation
from microkit.errors import ParamError
from microkit.main import serve
from scripts.servers import free_port

SECRET = "a secret of at least thirty-two bytes"
DOCUMENT = document(
    [core.CONTRACT, interaction.CONTRACT, relation.CONTRACT, finding.CONTRACT, moderation.CONTRACT]
)
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = {
    operation["operationId"]: (verb, path, operation)
    for path, verbs in DOCUMENT["paths"].items()
    for verb, operation in verbs.items()
}
WIDE = "😀"  # one character, two in UTF-16, four bytes


def bounded(operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The schemas of the arguments that have a bound."""
    schemas = {each["name"]: each["schema"] for each in operation.get("parameters", ())}
    return {name: schema for name, schema in schemas.items() if "x-message" in schema}


def within(schema: dict[str, Any]) -> Iterator[Any]:
    """Values at the bounds."""
    yield from schema.get("enum", ())
    if schema["type"] == "string":
        lengths = {max(schema.get("minLength", 1), 1), schema["maxLength"]}
        yield from (WIDE * length for length in lengths)
    elif "enum" not in schema:
        yield from (schema["minimum"], schema["maximum"])


def beyond(schema: dict[str, Any]) -> Iterator[Any]:
    """Values next to the bounds; an empty text is an absent argument."""
    if "enum" in schema:
        yield from (min(schema["enum"]) - 1, max(schema["enum"]) + 1)
    elif schema["type"] == "integer":
        yield schema["minimum"] - 1
        if schema["maximum"] < 2**31 - 1:  # otherwise it is the type's
            yield schema["maximum"] + 1
    else:
        yield WIDE * (schema["maxLength"] + 1)
        if schema.get("minLength", 0) > 1:
            yield WIDE * (schema["minLength"] - 1)
        if "pattern" in schema:
            yield " \t\u3000"


def others(operation: dict[str, Any], name: str) -> dict[str, Any]:
    """Valid values of the other arguments; those that `name` depends on let it be read."""
    values = {other: next(within(schema)) for other, schema in bounded(operation).items()}
    if name == "comment_id":
        values["action_type"] = 2
    return {other: value for other, value in values.items() if other != name}


def places(operation: dict[str, Any]) -> list[str]:
    body = operation.get("requestBody", {"content": (), "required": False})
    return [*([] if body["required"] else ["query"]), *body["content"]]


def sent(place: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a request that has these arguments at a place."""
    texts = {name: str(value) for name, value in arguments.items()}
    if place == "query":
        return {"params": texts}
    if place == "application/json":
        return {"data": json.dumps(arguments), "headers": {"Content-Type": place}}
    if place == "multipart/form-data":
        form = aiohttp.FormData(texts, default_to_multipart=True)
        form.add_field("data", b"no video", filename="clip.mp4")
        return {"data": form}
    return {"data": texts}


@pytest.fixture
async def ask(settings, tmp_path):
    """Calls the API alone, as a user, with arguments at a place."""
    nowhere = {each.name: f"127.0.0.1:{free_port()}" for each in idl.SERVICES}
    own = settings(
        jwt_secret=SECRET, upload_dir=str(tmp_path / "uploads"), addresses=nowhere, rpc_timeout_ms=1
    )
    caller = {"Authorization": f"Bearer {Tokens(own).issue(1)}"}
    async with serve(SERVICE, own) as running, aiohttp.ClientSession(headers=caller) as session:

        async def call(verb: str, path: str, place: str, arguments: dict[str, Any]) -> Any:
            url = f"http://127.0.0.1:{running.port}{path}"
            async with session.request(verb, url, **sent(place, arguments)) as response:
                assert response.status == 200
                return await response.json()

        yield call


@pytest.mark.parametrize("name", [name for name in OPERATIONS if bounded(OPERATIONS[name][2])])
async def test_exactly_what_is_out_of_bounds_is_refused_with_the_documented_message(ask, name):
    verb, path, operation = OPERATIONS[name]
    tried = 0
    for place in places(operation):
        for argument, schema in bounded(operation).items():
            valid = others(operation, argument)
            for value in beyond(schema):
                answer = await ask(verb, path, place, {**valid, argument: value})
                assert answer["status_code"] == ParamError.code, (place, argument, value)
                assert answer["status_msg"] == schema["x-message"]
                tried += 1
            for value in within(schema):
                answer = await ask(verb, path, place, {**valid, argument: value})
                assert answer["status_msg"] != schema["x-message"], (place, argument, value)
    assert tried
