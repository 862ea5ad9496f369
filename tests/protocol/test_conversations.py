"""The example conversations of `protocol/examples/`, spoken with the running server."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.protocol.placeholders import Placeholders
from tests.protocol.stage import Stage
from tests.rig.contract_check import PROTOCOL, document, frame_schema
from tests.rig.server import RunningServer

CONVERSATIONS = sorted((PROTOCOL / "examples").glob("*.json"))
README = (PROTOCOL / "examples" / "README.md").read_text(encoding="utf-8")


def lines(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["lines"]
    return found


@pytest.fixture
def stage(server: RunningServer) -> Iterator[Stage]:
    made = Stage(server)
    yield made
    made.end()


@pytest.mark.parametrize("path", CONVERSATIONS, ids=lambda path: path.stem)
def test_the_server_says_its_lines(stage: Stage, path: Path) -> None:
    for line in lines(path):
        stage.play(line)


def test_there_are_conversations_and_each_has_both_sides() -> None:
    assert len(CONVERSATIONS) >= 20
    for path in CONVERSATIONS:
        assert any("connect" in line for line in lines(path))
        assert any({"server", "server_in_any_order"} & set(line) for line in lines(path))


def test_the_guide_names_every_conversation_and_every_key_of_a_line() -> None:
    for path in CONVERSATIONS:
        assert f"`{path.stem}`" in README, path.stem
    for key in {key for path in CONVERSATIONS for line in lines(path) for key in line}:
        assert f"`{key}`" in README, key


def test_every_kind_of_frame_is_said_or_heard() -> None:
    said = {
        f"client.{line['client'].get('type')}" for path in CONVERSATIONS for line in lines(path) if "client" in line
    }
    heard = {
        f"server.{frame['type']}"
        for path in CONVERSATIONS
        for line in lines(path)
        for frame in ([line["server"]] if "server" in line else line.get("server_in_any_order", []))
    }
    kinds = {name for name in document("chat.asyncapi.json")["components"]["messages"] if not name.startswith("plain")}
    # a minute before a token ends: no conversation lasts as long
    assert kinds - said - heard == {"server.token_expiring"}
    assert frame_schema("server.token_expiring") is not None


@pytest.mark.parametrize(
    ("expected", "heard"),
    [
        ("<integer>", "1"),
        ("<integer>", True),
        ("<number>", "1.5"),
        ("<timestamp>", "yesterday"),
        ("<object>", []),
        ("<room>", 8),
        ("<cursor:first>", ""),
        ("<cursor:known>", "k.7.1.1"),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1}, {}),
        (["<text>"], [""]),
        ([1], [1, 2]),
        ("alice", "bob-1"),
        (1, 2),
    ],
)
def test_a_wrong_line_is_noticed(expected: Any, heard: Any) -> None:
    replay = Placeholders(7, {"alice": "alice-1"}, str)
    assert replay.agrees({"cursor": "<cursor:known>"}, {"cursor": "k.7.1.0"})
    assert not replay.agrees(expected, heard)


def test_what_was_remembered_is_filled_in() -> None:
    replay = Placeholders(7, {"alice": "alice-1"}, lambda person: f"token of {person}")
    assert replay.agrees(["<cursor:first>", "Alice", "<room>"], ["k.7.4.2", "Alice-1", 7])
    frame = {
        "<room>": "<cursor:first>",
        "to": ["alice", "<token:alice>"],
        "on": "<ahead:first>",
        "off": "<foreign:first>",
    }
    assert replay.fill(frame) == {
        "7": "k.7.4.2",
        "to": ["alice-1", "token of alice"],
        "on": "k.7.1004.2",
        "off": "elsewhere.7.4.2",
    }
    assert replay.fill_text("GET /rooms/<room>?with=<name:alice>") == "GET /rooms/7?with=alice-1"
