"""The documents are valid, whole and agree with each other."""

import json
import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.rig.contract_check import PROTOCOL, compiled, document, resolve
from tests.rig.tools import file_from_npm

SERVICES = ("auth", "chat")
# what every path can answer stands in the introduction, not at each operation
EVERYWHERE = {"bad_request", "head_too_large", "internal_error", "method_not_allowed", "request_timeout"}
# Django's admin and allauth's forms, which other documents describe
FORMS = {"csrf_failed", "forbidden"}

Node = dict[str, Any]


def operations(name: str) -> Iterator[tuple[str, Node]]:
    for path, item in document(f"{name}.openapi.json")["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def answers(name: str) -> Iterator[tuple[str, str, Node]]:
    root = document(f"{name}.openapi.json")
    for label, operation in operations(name):
        for status, answer in operation["responses"].items():
            yield label, status, resolve(root, answer)


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def refused_codes(name: str) -> dict[str, set[int]]:
    """Return the codes that a service's operations document, with the statuses they come with."""
    found: dict[str, set[int]] = {}
    for _, status, answer in answers(name):
        for content in (answer["content"].get("application/problem+json"),):
            if content:
                for code in content["schema"]["allOf"][1]["properties"]["code"]["enum"]:
                    found.setdefault(code, set()).add(int(status))
    return found


@pytest.mark.parametrize("name", SERVICES)
def test_openapi_is_valid(name: str) -> None:
    complaints = [str(error) for error in OpenAPIV31SpecValidator(document(f"{name}.openapi.json")).iter_errors()]
    assert complaints == []


def test_asyncapi_is_valid() -> None:
    path = file_from_npm("@asyncapi/specs/schemas/3.0.0.json", "the specification's own schema checks the document")
    schema = json.loads(path.read_text(encoding="utf-8"))
    complaints = [str(error) for error in Draft7Validator(schema).iter_errors(document("chat.asyncapi.json"))]
    assert complaints == []


def test_asyncapi_keeps_the_rules_that_its_schema_cannot_say() -> None:
    root = document("chat.asyncapi.json")
    for channel in root["channels"].values():
        named = set(re.findall(r"\{(\w+)\}", channel["address"]))
        assert named == set(channel["parameters"])
    for operation in root["operations"].values():
        assert operation["action"] in {"send", "receive"}
        channel = resolve(root, operation["channel"])
        for message in operation["messages"]:
            # the specification: an operation's messages are those of its channel, by reference to the channel
            assert message["$ref"].startswith(operation["channel"]["$ref"] + "/messages/")
            assert message["$ref"].rsplit("/", 1)[-1] in channel["messages"]


@pytest.mark.parametrize("path", sorted(PROTOCOL.rglob("*.json")), ids=lambda path: str(path.relative_to(PROTOCOL)))
def test_references_resolve(path: Path) -> None:
    root = json.loads(path.read_text(encoding="utf-8"))
    for reference in references(root):
        name, _, pointer = reference.partition("#")
        resolve(document(name) if name else root, {"$ref": f"#{pointer}"})


@pytest.mark.parametrize("name", SERVICES)
def test_every_component_is_used(name: str) -> None:
    root = document(f"{name}.openapi.json")
    used = set(references(root))
    unused = [
        f"{kind}/{each}"
        for kind, named in root["components"].items()
        for each in named
        if kind != "securitySchemes" and f"#/components/{kind}/{each}" not in used
    ]
    assert unused == []


@pytest.mark.parametrize("name", SERVICES)
def test_every_request_and_every_answer_has_an_example_and_it_is_valid(name: str) -> None:
    root = document(f"{name}.openapi.json")
    contents = [
        (label, operation["requestBody"]["content"])
        for label, operation in operations(name)
        if "requestBody" in operation
    ]
    contents += [(f"{label} {status}", answer["content"]) for label, status, answer in answers(name)]
    for label, content in contents:
        for kind, each in content.items():
            assert each["examples"], f"{label} {kind}"
            for example in each["examples"].values():
                errors = [error.message for error in compiled(root, each["schema"]).iter_errors(example["value"])]
                assert errors == [], f"{label} {kind}"


@pytest.mark.parametrize("name", SERVICES)
def test_examples_of_parameters_and_headers_are_valid(name: str) -> None:
    root = document(f"{name}.openapi.json")
    for kind in ("parameters", "headers"):
        for each in root["components"].get(kind, {}).values():
            if "example" in each:
                assert compiled(root, each["schema"]).is_valid(each["example"]), each


@pytest.mark.parametrize("name", SERVICES)
def test_every_code_of_an_operation_has_an_example(name: str) -> None:
    for label, status, answer in answers(name):
        content = answer["content"].get("application/problem+json")
        if content:
            shown = {example["value"]["code"] for example in content["examples"].values()}
            assert shown == set(content["schema"]["allOf"][1]["properties"]["code"]["enum"]), f"{label} {status}"


def test_examples_of_frames_are_valid() -> None:
    root = document("chat.asyncapi.json")
    for message in root["components"]["messages"].values():
        validator = compiled(root, message["payload"])
        for example in message["examples"]:
            assert [error.message for error in validator.iter_errors(example["payload"])] == []


@pytest.mark.parametrize("name", SERVICES)
def test_operations_are_named_once_and_protected_unless_they_say_so(name: str) -> None:
    root = document(f"{name}.openapi.json")
    names = [operation["operationId"] for _, operation in operations(name)]
    assert len(names) == len(set(names))
    for label, operation in operations(name):
        protected = bool(operation.get("security", root.get("security")))
        codes = operation["responses"].get("401")
        assert not protected or codes, label
        if operation.get("requestBody"):
            assert {"400", "413", "415"} <= set(operation["responses"]), label


@pytest.mark.parametrize("name", SERVICES)
def test_refusals_carry_the_headers_that_belong_to_them(name: str) -> None:
    for label, status, answer in answers(name):
        if "application/problem+json" not in answer["content"]:
            continue
        needed = {"401": "WWW-Authenticate", "429": "Retry-After", "503": "Retry-After"}.get(status)
        assert needed is None or needed in answer.get("headers", {}), f"{label} {status}"


@pytest.mark.parametrize("name", SERVICES)
def test_an_operations_codes_are_those_of_the_table(name: str) -> None:
    table = document("codes.json")["problems"]
    documented = refused_codes(name)
    assert {code: {table[code]["status"]} for code in documented} == documented
    assert {code for code, each in table.items() if name in each["where"]} - EVERYWHERE - FORMS == set(documented)
    assert all(f"`{code}`" in document(f"{name}.openapi.json")["info"]["description"] for code in EVERYWHERE)


def test_a_sockets_codes_are_those_of_the_table() -> None:
    root = document("chat.asyncapi.json")
    table = document("codes.json")["problems"]
    schemas = root["components"]["schemas"]
    told = {code for name in ("PlainError", "ServerError") for code in schemas[name]["properties"]["code"]["enum"]}
    refused = set(re.findall(r"`(\w+)`", " ".join(root["channels"]["room"]["x-refusals"].values())))
    assert told | refused == {code for code, each in table.items() if "socket" in each["where"]}


@pytest.mark.parametrize("name", ["auth.openapi.json", "chat.openapi.json", "chat.asyncapi.json"])
def test_the_documents_carry_the_products_version(name: str) -> None:
    assert document(name)["info"]["version"] == version("duologue")


def test_the_table_is_whole() -> None:
    codes = document("codes.json")
    for each in codes["problems"].values():
        assert set(each) == {"status", "retryable", "where", "meaning", "client"}
        assert each["where"]
    for number, each in codes["closes"].items():
        assert set(each) == {"reconnect", "meaning", "client"}
        assert 1000 <= int(number) <= 4999


def test_shared_schemas_are_the_same_in_all_documents() -> None:
    schemas = [document(f"{name}.openapi.json")["components"]["schemas"] for name in SERVICES]
    shared = set(schemas[0]) & set(schemas[1]) - {"Id"}
    assert {"Problem", "Username", "TypedUsername"} <= shared
    assert all(schemas[0][name] == schemas[1][name] for name in shared)
    live = document("chat.asyncapi.json")["components"]["schemas"]
    for name in ("Text", "ClientId", "Username", "TypedUsername", "Id", "Seq", "Timestamp", "Cursor", "Reading"):
        assert live[name] == schemas[1][name]
    assert live["MessageInPlace"] == schemas[1]["MessageInPlace"]
    assert set(live["ServerSync"]["properties"]) == {"type", "room", *schemas[1]["Changes"]["properties"]}
