"""The system does what the API reference says: Schemathesis tries every operation."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from fleet import PATIENCE_SECONDS
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from api import middleware
from api.reference.document import EVENTS, document
from idl import core, errors, finding, interaction, moderation, relation

CONTRACTS = (
    core.CONTRACT,
    interaction.CONTRACT,
    relation.CONTRACT,
    finding.CONTRACT,
    moderation.CONTRACT,
)
DOCUMENT = document(CONTRACTS)
EXAMPLES = {GenerationMode.POSITIVE: 97, GenerationMode.NEGATIVE: 10}
"""Of each operation: valid arguments, each sent as three requests, and invalid ones, sent once.

Making them takes longer than the requests, and invalid ones five times as long as valid ones.
"""

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
# The failures that no request may cause.
OURS = {
    errors.ErrorCode.SERVICE_ERROR,
    errors.ErrorCode.STORE_ERROR,
    errors.ErrorCode.UNAVAILABLE,
}
TYPE_ERRORS = ("应为整数", "应为文本", "应为 UTF-8 文本", "格式错误", "JSON 对象")


@pytest.fixture
def world() -> str:
    """The stores do not matter to the document."""
    return "embedded"


def closed(schema: Any) -> Any:
    """The schema, but objects have no other fields than the documented ones."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: closed(value) for key, value in schema.items()}
    return result | ({"additionalProperties": False} if "properties" in schema else {})


@pytest.fixture(autouse=True)
def unsettled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of changed profiles are answered at once."""
    monkeypatch.setattr(middleware, "SETTLE_SECONDS", 0.0)


@dataclass
class Known:
    """What exists in the system under test: a caller, and ids and files to use in requests.

    `leaver` is the caller of what ends the caller's sessions.
    """

    base: str
    caller: Any
    leaver: Any
    arguments: dict[str, list[Any]]

    def sign_in(self, case: schemathesis.Case) -> None:
        for part in (case.query, case.body):
            if isinstance(part, dict):
                part.pop("token", None)
        case.headers["Authorization"] = f"Bearer {self.caller.token}"

    def fill_in(self, case: schemathesis.Case, choose: int) -> None:
        """Replace generated ids and files by those that exist."""
        for part in (case.query, case.body):
            if isinstance(part, dict):
                for name in part.keys() & self.arguments.keys():
                    values = self.arguments[name]
                    part[name] = values[choose % len(values)]


async def populated(http: Any, clip: Path) -> Known:
    me, other = await http.register("我"), await http.register("她")
    await http.publish(me, clip)
    await http.publish(other, clip)
    videos = [await http.first_video(each) for each in (me, other)]
    said = await http.post(
        "/douyin/comment/action/",
        token=me.token, video_id=videos[0], action_type=1, comment_text="好",
    )  # fmt: skip
    people = [other.id, me.id]
    return Known(
        http.base,
        me,
        await http.register("他"),
        {
            "user_id": people,
            "to_user_id": people,
            "video_id": videos,
            "comment_id": [said["comment"]["id"]],
            "data": [await asyncio.to_thread(clip.read_bytes)],
        },
    )


@pytest.mark.parametrize("contract", [contract.name for contract in CONTRACTS])
async def test_the_system_does_what_the_document_says(http, clip, contract):
    known = await populated(http, clip)
    schema = schemathesis.openapi.from_dict(closed(DOCUMENT))
    for result in schema.get_all_operations():
        operation = result.ok()
        endless = EVENTS in operation.definition.raw["responses"]["200"]["content"]
        if contract in operation.definition.raw.get("tags", ()) and not endless:
            leaves = operation.definition.raw["operationId"] == "EndSessions"
            caller = replace(known, caller=known.leaver) if leaves else known
            for mode in EXAMPLES:
                await asyncio.to_thread(_try_out, caller, operation, mode)


def _try_out(known: Known, operation: Any, mode: GenerationMode) -> None:
    session = requests.Session()
    session.trust_env = False  # looked up for each request, in vain
    takes_body = "requestBody" in operation.definition.raw
    refusals, allowed = _refusals(operation), _body_check(operation)

    @hypothesis.given(operation.as_strategy(generation_mode=mode), st.integers(0, 7))
    @hypothesis.settings(max_examples=EXAMPLES[mode], phases=[hypothesis.Phase.generate])
    def agree(case: schemathesis.Case, choice: int) -> None:
        valid = mode is GenerationMode.POSITIVE
        if valid and takes_body and choice % 2:
            case.query = {}
        if valid or not choice:
            send(case)
        if valid or choice:
            known.sign_in(case)
            send(case)
        if valid:
            known.fill_in(case, choice)
            send(case)

    def send(case: schemathesis.Case) -> None:
        valid = mode is GenerationMode.POSITIVE
        response = case.call(base_url=known.base, session=session, timeout=PATIENCE_SECONDS)
        case.validate_response(response, checks=CHECKS)
        answer = response.json()
        assert answer["status_code"] not in OURS, answer["status_msg"]
        # Of a query and a body together, each may be valid, but not both.
        if valid and (not takes_body or (not case.query and allowed(case.body))):
            assert answer["status_msg"] not in refusals
            assert not answer["status_msg"].endswith(TYPE_ERRORS)

    agree()


def _body_check(operation: Any) -> Callable[[Any], bool]:
    """Returns whether a body is as documented; the generator disregards conditions."""
    content = operation.definition.raw.get("requestBody", {"content": {}})["content"]
    schema = next((each["schema"] for each in content.values()), False)
    validator = Draft202012Validator({**DOCUMENT, **schema} if schema else False)

    def allowed(body: Any) -> bool:
        if not isinstance(body, dict):
            return False
        texts = {k: "file" if isinstance(v, bytes) else v for k, v in body.items()}
        return bool(validator.is_valid(texts))

    return allowed


def _refusals(operation: Any) -> set[str]:
    """The messages that refuse arguments out of their bounds."""
    schemas = (each["schema"] for each in operation.definition.raw["parameters"])
    return {message for schema in schemas if (message := schema.get("x-message"))}
