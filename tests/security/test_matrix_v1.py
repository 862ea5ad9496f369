"""Who may do what in v1: every role against every verb, on the socket of one room and on that of all rooms."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.rig.contract_check import document
from tests.rig.people import Person
from tests.rig.raw_socket import RawSocket, text
from tests.security.conftest import ROLES, Cast

# what each role hears, in the order of ROLES: the type of the answer, the code of a refusal, or the close code
IN_THE_ROOM = ("4401", "4403", "4403", "4401")
Row = tuple[str, str, str, str, str, str]
TABLE: dict[str, Row] = {
    "room.hello": (*IN_THE_ROOM, "ready", "ready"),
    "room.message": (*IN_THE_ROOM, "ack", "ack"),
    "room.edit": (*IN_THE_ROOM, "ack", "not_the_author"),
    "room.delete": (*IN_THE_ROOM, "ack", "not_the_author"),
    "room.read": (*IN_THE_ROOM, "read", "read"),
    "room.typing": (*IN_THE_ROOM, "silence", "silence"),
    "room.auth": (*IN_THE_ROOM, "auth", "auth"),
    "all.hello": ("4401", "ready", "ready", "4401", "ready", "ready"),
    "all.message": ("4401", "not_found", "not_found", "4401", "ack", "ack"),
    "all.edit": ("4401", "not_found", "not_found", "4401", "ack", "not_the_author"),
    "all.delete": ("4401", "not_found", "not_found", "4401", "ack", "not_the_author"),
    "all.read": ("4401", "not_found", "not_found", "4401", "read", "read"),
    "all.typing": ("4401", "not_found", "not_found", "4401", "silence", "silence"),
    "all.auth": ("4401", "auth", "auth", "4401", "auth", "auth"),
}
# what the service says on its own: members hear it, nobody else
TOLD = {"message", "edited", "deleted", "read", "typing"}
SPOKEN_BY_THE_SERVICE = {"welcome", "answer", "tell", "whisper", "remind"}


def test_nothing_is_missing_from_the_table() -> None:
    operations = document("chat.asyncapi.json")["operations"]
    v1 = {verb: each for verb, each in operations.items() if {"name": "v1"} in each["tags"]}
    assert {verb for verb, each in v1.items() if each["action"] == "receive"} == set(TABLE)
    said = {verb.partition(".")[2] for verb, each in v1.items() if each["action"] == "send"}
    assert said == SPOKEN_BY_THE_SERVICE


class Speaker:
    """A v1 connection of one role; every frame that it hears is held against its schema."""

    def __init__(self, cast: Cast, role: str, where: str) -> None:
        self._person = cast.people[role]
        self.room = cast.room_of(role)
        path = f"/ws/chat/{self.room}/" if where == "room" else "/ws/chat/"
        self.raw = RawSocket.open(cast.server.port, path, {"Sec-WebSocket-Protocol": "duologue.v1"})

    def greet(self, **fields: Any) -> str:
        """Say hello; return `ready`, or the close code."""
        self.say({"type": "hello", **fields} | ({"token": self._person.token} if self._person else {}))
        heard = self.raw.json()
        while heard["type"] not in ("ready", "error"):
            heard = self.raw.json()
        return "ready" if heard["type"] == "ready" else str(self.raw.close_code())

    def say(self, frame: dict[str, Any]) -> None:
        self.raw.send(text(frame))

    def heard(self) -> Iterator[dict[str, Any]]:
        """Yield what has been told until now: a second greeting is refused at once, after that."""
        self.say({"type": "hello"})
        while (frame := self.raw.json()).get("about") != "hello":
            yield frame

    def answer(self, verb: str) -> str:
        """Return what answers a verb: the code of a refusal, the type of anything else."""
        wanted = {"error", "auth", "ack"} | ({"read"} if verb == "read" else set())
        frames = self.heard() if verb == "typing" else iter(self.raw.json, None)
        for frame in frames:
            if frame["type"] in wanted:
                return str(frame["code"] if frame["type"] == "error" else frame["type"])
        return "silence"


def frame_of(cast: Cast, role: str, verb: str) -> dict[str, Any]:
    """Return a good frame for a verb, so that only the role can be refused."""
    person = cast.people[role]
    about = {"type": verb, "room": cast.room}
    match verb:
        case "message":
            return about | {"client_id": f"v1-{role}-{len(cast.said())}", "message": f"by {role}"}
        case "edit" | "delete":
            mine = cast.a.post(cast.room, "to be changed").json()["id"]
            return about | {"id": mine, "client_id": "change"} | ({"message": "changed"} if verb == "edit" else {})
        case "read":
            # one more than was read, so that the mark moves
            cast.a.post(cast.room, "to be read")
            return about | {"up_to_seq": 10**9}
        case "typing":
            return about | {"state": "start"}
    assert person is not None
    return {"type": "auth", "token": person.token}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("key", TABLE)
def test_v1(cast: Cast, key: str, role: str) -> None:
    where, _, verb = key.partition(".")
    expected = TABLE[key][ROLES.index(role)]
    speaker = Speaker(cast, role, where)
    with speaker.raw:
        outcome = speaker.greet()
        if verb != "hello" and outcome == "ready":
            frame = frame_of(cast, role, verb)
            before = cast.said()
            speaker.say(frame)
            outcome = speaker.answer(verb)
            # what is refused changes nothing
            assert (cast.said() != before) is (outcome == "ack")
        assert outcome == expected


def happen(cast: Cast) -> None:
    """Let everything happen in the room that somebody could be told of."""
    with Speaker(cast, "a", "room").raw as raw:
        raw.send(text({"type": "hello", "token": cast.a.token}))
        for state in ("stop", "start"):
            raw.send(text({"type": "typing", "state": state}))
        raw.send(text({"type": "message", "client_id": f"all-{len(cast.said())}", "message": "secret"}))
        while (frame := raw.json())["type"] != "ack":
            pass
        raw.send(text({"type": "edit", "id": frame["id"], "message": "still secret"}))
        raw.send(text({"type": "delete", "id": frame["id"]}))
        raw.send(text({"type": "read", "up_to_seq": 10**9}))
        while raw.json()["type"] != "read":
            pass


@pytest.mark.parametrize(("role", "hears"), [("stranger", False), ("neighbour", False), ("b", True)])
def test_members_are_told_and_nobody_else(cast: Cast, role: str, hears: bool) -> None:
    cast.a.post(cast.room, "something to read")
    listener = Speaker(cast, role, "all")
    with listener.raw:
        # outsiders who know a cursor of the room learn nothing by it
        [mine] = [each for each in rooms_of(cast.a) if each["id"] == cast.room]
        assert listener.greet(rooms={str(cast.room): mine["cursor"]}) == "ready"
        happen(cast)
        kinds = {frame["type"] for frame in listener.heard() if frame.get("room") == cast.room}
        assert kinds & TOLD == (TOLD if hears else set())
        assert hears or not kinds


def rooms_of(person: Person) -> list[dict[str, Any]]:
    rooms: list[dict[str, Any]] = person.http.get("/api/chat/rooms/", headers=person.headers).json()
    return rooms


@pytest.mark.parametrize("role", ["stranger", "neighbour"])
@pytest.mark.parametrize("verb", ["message", "edit", "delete", "read", "typing"])
def test_not_yours_and_not_there_look_the_same(cast: Cast, role: str, verb: str) -> None:
    speaker = Speaker(cast, role, "all")
    frame = frame_of(cast, role, verb)
    answers = []
    with speaker.raw:
        speaker.greet()
        for room in (cast.room, cast.room + 1_000_000):
            speaker.say(frame | {"room": room})
            answers.append({key: value for key, value in speaker.raw.json().items() if key != "room"})
    assert answers[0] == answers[1]
    assert answers[0]["code"] == "not_found"


def test_the_socket_of_one_room_reaches_no_other(cast: Cast) -> None:
    other = cast.a.room_with(cast.people["stranger"] or cast.a)
    speaker = Speaker(cast, "a", "room")
    with speaker.raw:
        speaker.greet()
        speaker.say({"type": "message", "room": other, "client_id": "elsewhere", "message": "in the wrong room"})
        assert speaker.answer("message") == "not_found"
    assert cast.a.history(other) == []
