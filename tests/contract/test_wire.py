"""The contracts contain everything in wire.json unchanged; new fields are optional additions."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import idl
from microkit.rpc.contract import Contract
from microkit.rpc.structs import Field, fields_of

ROOT = Path(__file__).parents[2]
FACTS = json.loads(Path(__file__).with_name("wire.json").read_text())

ADDED = ("finding", "moderation")  # HTTP contracts that the original does not have

# Where the HTTP clients contradict the original's IDL, the contracts follow the clients.
HTTP_CHANGES = {
    ("relation", "FriendListResp", "3: default list<core.User> user_list"),
    ("relation", "Message", "5: required string create_time"),
}


@pytest.fixture(scope="module", params=list(FACTS))
def contract(request):
    return Contract(idl.load(request.param))


def line(field: Field, own: Contract) -> str:
    return f"{field.id}: {field.requiredness} {spelled(field.type.name, own)} {field.name}"


def spelled(type_name: str, own: Contract) -> str:
    """Prefix structs of an included file with that file's name, as in IDL files."""

    def qualified(match: re.Match[str]) -> str:
        name = match[0]
        simple = {"bool", "i32", "i64", "string", "binary", "list", "map"}
        return name if name in simple or name in own.structs else f"core.{name}"

    return re.sub(r"\w+", qualified, type_name)


def test_every_known_field_stands_with_its_id_type_and_requiredness(contract):
    for struct, expected in FACTS[contract.name]["structs"].items():
        here = [line(field, contract) for field in fields_of(contract.structs[struct])]
        missing = [
            text
            for text in expected
            if text not in here and (contract.name, struct, text) not in HTTP_CHANGES
        ]
        assert not missing, f"{contract.name}.{struct}: {missing} not among {here}"


def test_what_is_new_in_a_known_struct_is_optional(contract):
    for struct, expected in FACTS[contract.name]["structs"].items():
        known = {text.partition(":")[0] for text in expected}
        for field in fields_of(contract.structs[struct]):
            assert str(field.id) in known or field.requiredness == "optional", (
                f"{contract.name}.{struct}.{field.name} is new and {field.requiredness}"
            )


def test_every_known_method_stands_with_its_argument_and_result(contract):
    for service, expected in FACTS[contract.name]["services"].items():
        here = {
            name: f"{method.response.__name__} (1: {method.request.__name__} request)"
            for name, method in contract.services[service].items()
        }
        assert expected.items() <= here.items()


def test_every_known_route_is_annotated(contract):
    methods = {
        name: method.annotations
        for service in contract.services.values()
        for name, method in service.items()
    }
    for name, (verb, path) in FACTS[contract.name].get("routes", {}).items():
        assert methods[name][f"api.{verb.lower()}"] == path


def test_the_facts_cover_every_contract():
    assert set(FACTS) | set(ADDED) == set(idl.HTTP + idl.RPC)


@pytest.mark.parametrize("first", ["finding", "core", "commentmicro"])
def test_the_order_of_loading_changes_nothing(first):
    program = f"""
import idl
from microkit.rpc.contract import Contract
from microkit.rpc.structs import fields_of
for stem in ({first!r}, *idl.HTTP, *idl.RPC):
    idl.load(stem)
for stem in {tuple(FACTS)!r}:
    for name, each in Contract(idl.load(stem)).structs.items():
        fields = (f"{{field.name}}:{{field.requiredness}}" for field in fields_of(each))
        print(stem, name, *fields)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        " ".join([stem, name, *(f"{field.name}:{field.requiredness}" for field in fields_of(each))])
        for stem in FACTS
        for name, each in Contract(idl.load(stem)).structs.items()
    ]
