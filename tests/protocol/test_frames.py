"""Every frame that the source knows has its schema and its AsyncAPI message, with the same keys, and no other."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from duologue.chat import wire
from duologue.chat.frames import FrameIn, outgoing
from tests.rig.contract_check import PROTOCOL, document, frame_schema

FRAMES = sorted((PROTOCOL / "frames").glob("*.json"))
CLIENT = {f"client.{kind.__struct_config__.tag}": kind for kind in get_args(FrameIn)}
# these have no tag of their own: any frame of the plain dialect, with words or only with a token
PLAIN_CLIENT = {"plain.client.say", "plain.client.token"}


def spoken() -> Iterator[tuple[str, type[msgspec.Struct]]]:
    for kind in vars(outgoing).values():
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__struct_config__.tag is not None:
            yield f"server.{kind.__struct_config__.tag}", kind


SERVER = list(spoken())


def keys(kind: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(kind)} | {"type"}


def names(kind: type[msgspec.Struct], *, required: bool) -> set[str]:
    fields = msgspec.structs.fields(kind)
    return {field.encode_name for field in fields if field.required is required} | ({"type"} if required else set())


def schema(name: str) -> dict[str, object]:
    content: dict[str, object] = json.loads((PROTOCOL / "frames" / f"{name}.json").read_text(encoding="utf-8"))
    return content


def described(name: str, what: str) -> set[str]:
    found = schema(name)[what]
    assert isinstance(found, dict | list)
    return set(found)


def test_every_tag_has_its_schema_and_its_message_and_the_other_way_round() -> None:
    source = {name for name, _ in SERVER} | set(CLIENT) | PLAIN_CLIENT
    # a message and a refusal are encoded by what both dialects share
    source |= {"server.message", "server.error", "plain.server.message", "plain.server.error"}
    assert source == {path.stem for path in FRAMES}
    assert source == set(document("chat.asyncapi.json")["components"]["messages"])


@pytest.mark.parametrize("name", CLIENT)
def test_a_clients_frame_has_the_keys_that_the_server_reads(name: str) -> None:
    kind = CLIENT[name]
    # with a fresh token these two make no difference
    read = keys(kind) - ({"room", "client_id"} if name == "client.auth" else set())
    assert described(name, "properties") == read
    assert described(name, "required") == names(kind, required=True)


@pytest.mark.parametrize(("name", "kind"), SERVER, ids=[f"{name}-{kind.__name__}" for name, kind in SERVER])
def test_a_servers_frame_has_the_keys_that_it_writes(name: str, kind: type[msgspec.Struct]) -> None:
    assert described(name, "properties") >= keys(kind)
    assert described(name, "required") <= names(kind, required=True)
    every = set().union(*(keys(other) for other_name, other in SERVER if other_name == name))
    assert described(name, "properties") == every
    assert schema(name)["additionalProperties"] is False


@pytest.mark.parametrize(
    ("name", "kind", "more"),
    [
        ("plain.server.message", wire.MessageFrame, set()),
        ("server.message", wire.MessageFrame, {"cursor"}),
        ("server.error", wire.ErrorFrame, set()),
    ],
)
def test_what_both_dialects_share_is_described_for_each(name: str, kind: type[msgspec.Struct], more: set[str]) -> None:
    assert described(name, "properties") == keys(kind) | more
    assert described(name, "required") == names(kind, required=True) | more


def test_a_plain_refusal_says_less() -> None:
    assert described("plain.server.error", "properties") == keys(wire.ErrorFrame) - {"room", "about"}


@pytest.mark.parametrize("path", FRAMES, ids=lambda path: path.stem)
def test_a_schema_accepts_its_examples_and_refuses_less(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    validator = frame_schema(path.stem)
    assert validator is not None
    assert content["description"]
    assert content["examples"]
    for example in content["examples"]:
        assert [error.message for error in validator.iter_errors(example)] == []
        for key in content["required"]:
            assert not validator.is_valid({name: value for name, value in example.items() if name != key}), key
        # what a later version adds is passed over by the server, and noticed by these tests when it comes from it
        assert validator.is_valid(example | {"later": 1}) is ("client." in path.stem)


@pytest.mark.parametrize("name", CLIENT)
def test_the_server_can_read_the_examples(name: str) -> None:
    examples = schema(name)["examples"]
    assert isinstance(examples, list)
    for example in examples:
        assert isinstance(msgspec.json.decode(json.dumps(example), type=FrameIn), CLIENT[name])
