"""Lists of rooms and read marks, as a client meets them."""

import re

import httpx
import pytest

from tests.rig.people import Person
from tests.rig.server import RunningServer


def rooms(person: Person, **query: int | str) -> httpx.Response:
    return person.http.get("/api/chat/rooms/", params=query, headers=person.headers)


def mark(person: Person, room: int, body: object) -> httpx.Response:
    return person.http.post(f"/api/chat/rooms/{room}/read/", json=body, headers=person.headers)


def test_a_list_shows_what_is_new_until_it_is_read(alice: Person, bob: Person) -> None:
    room = alice.room_with(bob)
    alice.post(room, "Hi Bob!")
    last = bob.post(room, "Hi Alice!").json()
    [mine] = rooms(alice).json()
    assert mine == {
        "id": room,
        "participant_a": alice.username,
        "participant_b": bob.username,
        "created_at": mine["created_at"],
        "unread": 1,
        "last_read_seq": 0,
        "last_message": last,
        "cursor": mine["cursor"],
    }
    assert mark(alice, room, {"up_to_seq": 2}).json() == {"last_read_seq": 2, "unread": 0}
    [mine] = rooms(alice).json()
    assert (mine["unread"], mine["last_read_seq"], mine["last_message"]["is_read"]) == (0, 2, True)
    # her own is read by him only when he says so
    assert [message["is_read"] for message in alice.history(room)] == [False, True]
    mark(bob, room, {"up_to_seq": 1})
    assert [message["is_read"] for message in alice.history(room)] == [True, True]


def test_links_lead_through_all_rooms(server: RunningServer, alice: Person) -> None:
    opened = [alice.room_with(Person.arrive(server)) for _ in range(3)]
    seen: list[int] = []
    answer = rooms(alice, limit=2)
    while True:
        seen += [room["id"] for room in answer.json()]
        following = re.fullmatch(r'<([^>]+)>; rel="next"', answer.headers.get("link", ""))
        if following is None:
            break
        answer = alice.http.get(following[1], headers=alice.headers)
    assert seen == sorted(opened, reverse=True)


@pytest.mark.parametrize("body", [{}, {"up_to_seq": -1}, {"up_to_seq": "2"}, {"up_to_seq": 1.5}, {"up_to_seq": 10**18}])
def test_a_bad_mark_is_told_and_changes_nothing(alice: Person, bob: Person, body: object) -> None:
    room = alice.room_with(bob)
    bob.post(room, "unread")
    answer = mark(alice, room, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
    assert list(answer.json()["errors"]) == ["up_to_seq"]
    assert rooms(alice).json()[0]["unread"] == 1


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"before": "7"}, "before"),
        ({"before": "1.2.3"}, "before"),
    ],
)
def test_a_bad_question_about_rooms_is_told(alice: Person, query: dict[str, str], field: str) -> None:
    answer = rooms(alice, **query)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


def test_a_stranger_moves_nobodys_mark(server: RunningServer, alice: Person, bob: Person) -> None:
    room = alice.room_with(bob)
    bob.post(room, "for alice")
    eve = Person.arrive(server)
    assert mark(eve, room, {"up_to_seq": 1}).status_code == 404
    assert rooms(eve).json() == []
    assert rooms(alice).json()[0]["unread"] == 1


def test_a_request_hears_of_all_its_wrong_fields(alice: Person, bob: Person) -> None:
    room = alice.room_with(bob)
    answers = [
        alice.http.post("/api/chat/rooms/", json={}, headers=alice.headers),
        alice.http.post(f"/api/chat/rooms/{room}/messages/", json={"sender_id": 1}, headers=alice.headers),
    ]
    assert [answer.json()["errors"] for answer in answers] == [
        {"participant_a": ["This field is required."], "participant_b": ["This field is required."]},
        {"content": ["This field is required."], "sender_id": ["Expected text, got a number."]},
    ]
    assert alice.history(room) == []


def open_room(person: Person, a: str, b: str) -> httpx.Response:
    body = {"participant_a": a, "participant_b": b}
    return person.http.post("/api/chat/rooms/", json=body, headers=person.headers)


def test_participants_are_compared_without_case(alice: Person, bob: Person) -> None:
    made = open_room(alice, alice.username.upper(), bob.username.title())
    assert made.status_code == 201
    assert (made.json()["participant_a"], made.json()["participant_b"]) == (alice.username, bob.username)
    again = open_room(bob, alice.username, bob.username.upper())
    assert (again.status_code, again.json()) == (200, made.json())


def test_other_letters_make_nobody_a_participant_and_no_room_with_oneself(
    server: RunningServer, alice: Person, bob: Person
) -> None:
    eve = Person.arrive(server)
    answer = open_room(eve, alice.username.upper(), bob.username.title())
    assert (answer.status_code, answer.json()["code"]) == (403, "not_a_participant")
    answer = open_room(eve, eve.username, eve.username.upper())
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["participant_b"])
    assert rooms(eve).json() == rooms(alice).json() == rooms(bob).json() == []


def test_a_place_is_no_id(server: RunningServer, alice: Person, bob: Person) -> None:
    """Ids count across all rooms; `after`, `before` and `around` are places, which count in each room from 1."""
    alice.post(alice.room_with(Person.arrive(server)), "elsewhere, so that the two differ")
    room = alice.room_with(bob)
    first, second = (alice.post(room, content).json() for content in ("one", "two"))
    assert first["id"] > 1
    assert [each["content"] for each in alice.history(room, after=1)] == ["two"]
    assert [each["content"] for each in alice.history(room, before=2)] == ["one"]
    assert alice.history(room, after=first["id"] + 1) == []
    assert alice.history(room) == [first, second]


def test_a_foreign_letter_names_nobody(server: RunningServer, alice: Person) -> None:
    kate = Person.arrive(server, "kate")
    looks_like = kate.username.replace("k", "\u212a")
    body = {"participant_a": alice.username, "participant_b": looks_like}
    refused = alice.http.post("/api/chat/rooms/", json=body, headers=alice.headers)
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["participant_b"])
    room = kate.room_with(alice)
    body = {"sender_id": looks_like, "content": "Hi"}
    refused = kate.http.post(f"/api/chat/rooms/{room}/messages/", json=body, headers=kate.headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "sender_mismatch")
