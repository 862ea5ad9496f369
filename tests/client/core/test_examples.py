"""The example conversations of `protocol/examples/`, read and said by the client's own frames."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from duologue.client.core import frames
from tests.rig.contract_check import PROTOCOL, frame_schema

CONVERSATIONS = sorted((PROTOCOL / "examples").glob("*.json"))
KINDS: dict[str, type] = {
    "rooms": frames.RoomsFrame,
    "ready": frames.ReadyFrame,
    "sync": frames.SyncFrame,
    "resync": frames.ResyncFrame,
    "message": frames.MessageFrame,
    "edited": frames.EditedFrame,
    "deleted": frames.DeletedFrame,
    "read": frames.ReadFrame,
    "typing": frames.TypingFrame,
    "presence": frames.PresenceFrame,
    "ack": frames.AckFrame,
    "error": frames.ErrorFrame,
    "auth": frames.AuthFrame,
}
ENCODERS: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "hello": lambda said: frames.hello(said["token"], {int(room): at for room, at in said["rooms"].items()}),
    "auth": lambda said: frames.auth(said["token"]),
    "message": lambda said: frames.message(said["room"], said["client_id"], said["message"]),
    "edit": lambda said: frames.edit(said["room"], said["client_id"], said["id"], said["message"]),
    "delete": lambda said: frames.delete(said["room"], said["client_id"], said["id"]),
    "typing": lambda said: frames.typing(said["room"], said["state"]),
}
ROOM = 7
FILLED = {
    "token": "head.claims.signature",
    "cursor": "k3f9c2.7.85.33",
    "foreign": "elsewhere.7.85.33",
    "ahead": "k3f9c2.7.1085.33",
    "integer": 3,
    "number": 1.5,
    "timestamp": "2026-01-01T12:00:00.123456Z",
    "room": ROOM,
    "object": {"message_characters": 4000, "later": 1},
    "list": [],
}


def filled(value: Any) -> Any:
    """Return a value of an example with something in the place of what differs each time."""
    if isinstance(value, dict):
        return {str(filled(key)): filled(each) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each) for each in value]
    if not isinstance(value, str) or not (value.startswith("<") and value.endswith(">")):
        return value
    kind, _, name = value.strip("<>").partition(":")
    return FILLED.get(kind, f"{kind} {name}".strip())


def said(key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the frames of one side, from where a socket speaks v1, each with where it stands."""
    for path in CONVERSATIONS:
        v1 = set()
        for number, line in enumerate(json.loads(path.read_text(encoding="utf-8"))["lines"]):
            if line.get("subprotocol") or line.get("becomes_v1"):
                v1.add(line["socket"])
            spoken = line.get("server_in_any_order", []) if key == "server" else []
            for frame in [line[key]] if key in line else spoken:
                if line["socket"] in v1:
                    yield f"{path.stem}-{number}", filled(frame)


def is_sayable(frame: dict[str, Any]) -> bool:
    """Tell whether it is no mistake, and nothing that this client does not do: greet one room, or in parts."""
    schema = frame_schema(f"client.{frame.get('type')}")
    if frame.get("type") == "hello" and not {"token", "rooms"} <= frame.keys():
        return False
    return frame.get("type") in ENCODERS and schema is not None and schema.is_valid(frame)


SERVER = list(said("server"))
CLIENT = [(where, frame) for where, frame in said("client") if is_sayable(frame)]


@pytest.mark.parametrize(("where", "frame"), SERVER, ids=[where for where, _ in SERVER])
def test_the_client_reads_what_the_server_says(where: str, frame: dict[str, Any]) -> None:
    read = frames.decode(msgspec.json.encode(frame))
    assert isinstance(read, KINDS[frame["type"]])
    kept = json.loads(msgspec.json.encode(read))
    for name in kept.keys() & frame.keys():
        assert agrees(kept[name], frame[name]), name


def agrees(kept: Any, told: Any) -> bool:
    """Tell whether what the client keeps is what was told, as far as it keeps it."""
    if isinstance(kept, dict):
        return all(agrees(each, told[name]) for name, each in kept.items() if name in told)
    if isinstance(kept, list):
        return len(kept) == len(told) and all(map(agrees, kept, told))
    return bool(kept == told)


@pytest.mark.parametrize(("where", "frame"), CLIENT, ids=[where for where, _ in CLIENT])
def test_the_client_says_what_the_examples_say(where: str, frame: dict[str, Any]) -> None:
    schema = frame_schema(f"client.{frame['type']}")
    assert schema is not None
    own = json.loads(ENCODERS[frame["type"]]({"room": ROOM, "client_id": "id", **frame}))
    assert [error.message for error in schema.iter_errors(own)] == []
    both = own.keys() & frame.keys()
    assert {name: own[name] for name in both} == {name: frame[name] for name in both}


def test_every_kind_of_frame_is_among_them() -> None:
    assert {frame["type"] for _, frame in SERVER} == set(KINDS)
    assert {frame["type"] for _, frame in CLIENT} == set(ENCODERS)


def test_a_frame_with_a_key_less_is_not_read() -> None:
    ack = next(frame for _, frame in SERVER if frame["type"] == "ack")
    with pytest.raises(msgspec.DecodeError):
        frames.decode(msgspec.json.encode({name: value for name, value in ack.items() if name != "seq"}))
