"""The API reference is valid OpenAPI and complete."""

from typing import Any

from openapi_spec_validator import validate

from api.reference.document import document
from idl import core, errors, finding, interaction, moderation, relation

CONTRACTS = (
    core.CONTRACT,
    interaction.CONTRACT,
    relation.CONTRACT,
    finding.CONTRACT,
    moderation.CONTRACT,
)
DOCUMENT = document(CONTRACTS)
VERBS = {"api.get": "get", "api.post": "post"}


def operations() -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Path, verb and operation by id."""
    return {
        operation["operationId"]: (path, verb, operation)
        for path, verbs in DOCUMENT["paths"].items()
        for verb, operation in verbs.items()
    }


def test_the_document_is_valid_openapi():
    validate(DOCUMENT)


def test_every_method_is_documented_with_a_summary():
    documented = {(path, verb) for path, verb, _ in operations().values()}
    declared = {
        (method.annotations[key], verb)
        for contract in CONTRACTS
        for method in contract.methods().values()
        for key, verb in VERBS.items()
        if key in method.annotations
    }
    assert documented == declared | {("/ping", "get")}
    assert all(operation["summary"] for _, _, operation in operations().values())


def test_every_error_code_is_documented():
    codes = {each["const"] for each in DOCUMENT["components"]["schemas"]["ErrorCode"]["oneOf"]}
    assert codes == {0, *errors.ErrorCode}
