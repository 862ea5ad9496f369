"""Who may do what: every role against every route and every socket verb, and no word to outsiders about what exists."""

import json
from typing import Any

import httpx
import pytest

from duologue.chat.app import ROUTES
from tests.rig.contract_check import document
from tests.rig.people import bearer
from tests.rig.raw_socket import RawSocket, text
from tests.security.conftest import ROLES, Cast

ABSENT = 987_654_321

Key = tuple[str, str]

# what each role gets, in the order of ROLES; on a socket: the close code, or 101 for one that works
TABLE: dict[Key, tuple[int, int, int, int, int, int]] = {
    ("POST", "/api/chat/rooms/"): (401, 403, 403, 401, 200, 200),
    ("GET", "/api/chat/rooms/"): (401, 200, 200, 401, 200, 200),
    ("POST", "/api/chat/rooms/{id}/read/"): (401, 404, 404, 401, 200, 200),
    ("GET", "/api/chat/rooms/{id}/"): (401, 404, 404, 401, 200, 200),
    ("GET", "/api/chat/rooms/{id}/messages/"): (401, 404, 404, 401, 200, 200),
    ("POST", "/api/chat/rooms/{id}/messages/"): (401, 404, 404, 401, 201, 201),
    ("PATCH", "/api/chat/rooms/{id}/messages/{message}/"): (401, 404, 404, 401, 200, 403),
    ("DELETE", "/api/chat/rooms/{id}/messages/{message}/"): (401, 404, 404, 401, 200, 403),
    ("GET", "/api/chat/rooms/{id}/changes"): (401, 404, 404, 401, 200, 200),
    ("GET", "/api/chat/me/"): (401, 200, 200, 401, 200, 200),
    ("PATCH", "/api/chat/me/"): (401, 200, 200, 401, 200, 200),
    ("SOCKET", "authenticate"): (4401, 4403, 4403, 4401, 101, 101),
    ("SOCKET", "say"): (4401, 4403, 4403, 4401, 101, 101),
    ("SOCKET", "deliver"): (4401, 4403, 4403, 4401, 101, 101),
    ("SOCKET", "refuse"): (4401, 4403, 4403, 4401, 101, 101),
}
WITH_A_ROOM = [key for key in TABLE if key[0] != "SOCKET" and "{id}" in key[1]]


def ask(cast: Cast, role: str, key: Key, room: object = None) -> httpx.Response:
    """Make the request of a route on behalf of a role; a good one, so that only the role can be refused."""
    method, template = key
    message = cast.messages.get(method, ABSENT)
    path = template.format(id=cast.room_of(role) if room is None else room, message=message)
    pair = {"participant_a": cast.a.username, "participant_b": cast.b.username}
    bodies: dict[str, dict[str, Any]] = {
        "POST /api/chat/rooms/": pair,
        "POST /api/chat/rooms/{id}/read/": {"up_to_seq": 1},
        "PATCH /api/chat/me/": {"hide_presence": False},
    }
    body = bodies.get(f"{method} {template}", {"content": f"by {role}"})
    headers = cast.headers(role) | {"content-type": "application/json"}
    content = json.dumps(body) if method in ("POST", "PATCH") else None
    return cast.a.http.request(method, path, content=content, headers=headers)


def documented() -> set[Key]:
    paths = document("chat.openapi.json")["paths"]
    return {(method.upper(), path) for path, item in paths.items() if path.startswith("/api/") for method in item}


def routed() -> set[Key]:
    return {
        (method, route.path.replace("{room}", "{id}"))
        for route in ROUTES
        for method in (route.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_nothing_is_missing_from_the_table() -> None:
    rest = {key for key in TABLE if key[0] != "SOCKET"}
    assert routed() == documented() == rest
    operations = document("chat.asyncapi.json")["operations"]
    plain = {verb for verb, each in operations.items() if {"name": "plain"} in each["tags"]}
    assert plain == {verb for kind, verb in TABLE if kind == "SOCKET"}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("key", [key for key in TABLE if key[0] != "SOCKET"], ids=" ".join)
def test_rest(cast: Cast, key: Key, role: str) -> None:
    before = len(cast.said())
    answer = ask(cast, role, key)
    assert answer.status_code == TABLE[key][ROLES.index(role)], answer.text
    # what is refused changes nothing
    assert len(cast.said()) - before == (answer.status_code == 201)


OTHERS = [
    (method, path)
    for path in sorted({path for kind, path in TABLE if kind != "SOCKET"})
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE")
    if (method, path) not in TABLE
]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("key", OTHERS, ids=" ".join)
def test_no_other_method_gets_anywhere(cast: Cast, key: Key, role: str) -> None:
    answer = ask(cast, role, key)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def try_socket(cast: Cast, role: str, verb: str, room: int) -> int:
    """Use a verb on behalf of a role; return the close code, or 101 when it worked."""
    person = cast.people[role]
    in_the_header = verb in ("deliver", "refuse") and person is not None
    with RawSocket.open(
        cast.server.port, f"/ws/chat/{room}/", bearer(person.token) if in_the_header and person else {}
    ) as raw:
        frame: dict[str, Any] = {"message": "" if verb == "refuse" else f"{verb} by {role}"}
        if person is not None and not in_the_header:
            frame["token"] = person.token
        if verb == "authenticate":
            frame.pop("message")
        if verb != "deliver":
            raw.send(text(frame))
        if person in (cast.people["a"], cast.people["b"]):
            return _works(cast, raw, verb, role)
        if verb == "deliver" and person is None:
            raw.send(text({"message": "let me listen"}))
        # not one frame of the room, before or after the refusal
        assert raw.json()["type"] == "error"
        return raw.close_code()


def _works(cast: Cast, raw: RawSocket, verb: str, role: str) -> int:
    if verb == "refuse":
        assert raw.error() == "validation_failed"
    elif verb == "say":
        assert raw.message() == f"say by {role}"
    else:
        raw.send(text({"message": f"now {verb} by {role}"}))
        assert raw.message() == f"now {verb} by {role}"
    return 101


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("key", [key for key in TABLE if key[0] == "SOCKET"], ids=" ".join)
def test_socket(cast: Cast, key: Key, role: str) -> None:
    outcome = try_socket(cast, role, key[1], cast.room_of(role))
    assert outcome == TABLE[key][ROLES.index(role)]
    if outcome != 101:
        assert not [said for said in cast.said() if said.endswith(f" by {role}")]


def test_a_listening_outsider_hears_nothing(cast: Cast) -> None:
    """Sockets of outsiders that are being refused while the room talks."""
    outsiders = [
        RawSocket.open(cast.server.port, f"/ws/chat/{cast.room}/", cast.headers(role))
        for role in ("stranger", "neighbour")
    ]
    with cast.a.socket(cast.room) as inside:
        for number in range(20):
            inside.send(text({"message": f"secret {number}"}))
            assert inside.message() == f"secret {number}"
    for raw in outsiders:
        with raw:
            assert raw.error() == "not_found"
            assert raw.close_code() == 4403


TRICKS = (
    "0", "00", "01", "-1", "+1", "1.0", "1e0", "1_0", "0x1", "1%20", "%201", "1%00", "1%0a", "1;x=1",
    "%D9%A3", "%EF%BC%91", "%F0%9D%9F%8F", "9223372036854775807", "9223372036854775808", "18446744073709551617",
    "1" + "0" * 30, "9" * 5000, "null", "true", "nan", "[]", "'", "1'--", "1%20OR%201=1", "*", "%25", "%", "~",
    "__proto__", "\u0661",
)  # fmt: skip


def seen(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """Return all of an answer but its date."""
    return answer.status_code, answer.content, {k: v for k, v in answer.headers.items() if k != "date"}


@pytest.mark.parametrize("role", ["stranger", "neighbour"])
@pytest.mark.parametrize("key", WITH_A_ROOM, ids=" ".join)
def test_not_yours_and_not_there_look_the_same(cast: Cast, key: Key, role: str) -> None:
    refused = seen(ask(cast, role, key))
    assert refused[0] == 404
    for other in (cast.room + 1, cast.room + 2, ABSENT, *TRICKS):
        if len(str(other)) < 40:
            assert seen(ask(cast, role, key, other)) == refused, other


@pytest.mark.parametrize("role", ["stranger", "neighbour"])
def test_not_yours_and_not_there_look_the_same_on_a_socket(cast: Cast, role: str) -> None:
    frames = set()
    for room in (cast.room, ABSENT):
        with RawSocket.open(cast.server.port, f"/ws/chat/{room}/", cast.headers(role)) as raw:
            frames.add((raw.receive(), raw.receive()))
    assert len(frames) == 1
    assert frames.pop()[1].close_code == 4403


@pytest.mark.parametrize("key", WITH_A_ROOM, ids=" ".join)
@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick[:20])
def test_a_member_has_one_spelling_of_a_room(cast: Cast, key: Key, trick: str) -> None:
    answer = ask(cast, "a", key, trick)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_message_is_reached_through_its_own_room_only(cast: Cast, method: str) -> None:
    mine = cast.a
    other = mine.room_with(cast.people["neighbour"] or mine)
    path = f"/api/chat/rooms/{other}/messages/"
    for message in (cast.messages[method], ABSENT, *TRICKS):
        answer = mine.http.request(method, f"{path}{message}/", json={"content": "x"}, headers=mine.headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), message


@pytest.mark.parametrize("trick", ["{id}%2f..", "..%2f{id}", "%2f{id}", "{id}%2fmessages", "%2e%2e"])
def test_an_encoded_slash_is_no_room_for_anybody(cast: Cast, trick: str) -> None:
    paths = (trick.format(id=cast.room), trick.format(id=ABSENT))
    answers = {seen_by(cast, role, path) for role in ("a", "stranger") for path in paths}
    # one reads as the address of a message, which nobody can GET
    assert {status for status, _ in answers} <= {404, 405}
    assert len(answers) == 1


def seen_by(cast: Cast, role: str, room: str) -> tuple[int, bytes]:
    answer = ask(cast, role, ("GET", "/api/chat/rooms/{id}/messages/"), room)
    return answer.status_code, answer.content


@pytest.mark.parametrize("pair", [("stranger", "a"), ("a", "neighbour")])
def test_a_room_is_opened_only_by_who_is_in_it(cast: Cast, pair: tuple[str, str]) -> None:
    names = [person.username for role in pair if (person := cast.people[role])]
    body = {"participant_a": names[0], "participant_b": names[1]}
    answer = cast.a.http.post("/api/chat/rooms/", json=body, headers=cast.headers("b"))
    assert (answer.status_code, answer.json()["code"]) == (403, "not_a_participant")
