"""Editing, deleting, catching up and one's switches over REST, as a client meets them."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.rig.people import Person
from tests.rig.server import running_server


def path_of(room: int, message: int) -> str:
    return f"/api/chat/rooms/{room}/messages/{message}/"


def edit(person: Person, room: int, message: int, content: str) -> httpx.Response:
    return person.http.patch(path_of(room, message), json={"content": content}, headers=person.headers)


def delete(person: Person, room: int, message: int) -> httpx.Response:
    return person.http.delete(path_of(room, message), headers=person.headers)


def changes(person: Person, room: int, **query: int | str) -> dict[str, Any]:
    answer = person.http.get(f"/api/chat/rooms/{room}/changes", params=query, headers=person.headers)
    assert answer.status_code == httpx.codes.OK, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_an_author_edits_and_deletes(alice: Person, bob: Person) -> None:
    room = alice.room_with(bob)
    said = alice.post(room, "Hi Bpb!", client_id="once").json()
    edited = edit(alice, room, said["id"], "Hi Bob!").json()
    assert edited == said | {"content": "Hi Bob!", "edited_at": edited["edited_at"]}
    # the same words again are no edit
    assert edit(alice, room, said["id"], "Hi Bob!").json() == edited
    deleted = delete(alice, room, said["id"]).json()
    assert deleted == edited | {"content": "", "deleted_at": deleted["deleted_at"]}
    assert delete(alice, room, said["id"]).json() == deleted == bob.history(room)[0]
    # the client id keeps its message
    again = alice.post(room, "Hi Bpb!", client_id="once")
    assert (again.status_code, again.json()) == (200, deleted)


def test_nobody_else_does_and_a_deleted_one_stays_so(alice: Person, bob: Person) -> None:
    room = alice.room_with(bob)
    said = alice.post(room, "Mine").json()["id"]
    for answer in (edit(bob, room, said, "His"), delete(bob, room, said)):
        assert (answer.status_code, answer.json()["code"]) == (403, "not_the_author")
    assert [each["content"] for each in bob.history(room)] == ["Mine"]
    delete(alice, room, said)
    answer = edit(alice, room, said, "Back")
    assert (answer.status_code, answer.json()["code"]) == (409, "message_deleted")
    answer = edit(alice, room, said + 10**9, "Nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_an_operator_bounds_the_time_for_it(tmp_path: Path) -> None:
    with running_server(tmp_path, {"DUOLOGUE_EDIT_SECONDS": "1"}) as server:
        alice, bob = Person.arrive(server), Person.arrive(server)
        room = alice.room_with(bob)
        said = alice.post(room, "At once").json()["id"]
        assert edit(alice, room, said, "Soon").status_code == httpx.codes.OK
        time.sleep(1.1)
        # what is so already was done in time
        assert edit(alice, room, said, "Soon").json()["content"] == "Soon"
        for answer in (edit(alice, room, said, "Late"), delete(alice, room, said)):
            assert (answer.status_code, answer.json()["code"]) == (403, "edit_too_late")
        assert [each["content"] for each in alice.history(room)] == ["Soon"]


def test_changes_bring_all_that_happened_page_by_page(alice: Person, bob: Person) -> None:
    room = alice.room_with(bob)
    ids = [alice.post(room, f"{number}").json()["id"] for number in range(5)]
    known = changes(bob, room)
    assert [each["seq"] for each in known["messages"]] == [1, 2, 3, 4, 5]
    edit(alice, room, ids[1], "one")
    delete(alice, room, ids[3])
    bob.post(room, "new")
    bob.http.post(f"/api/chat/rooms/{room}/read/", json={"up_to_seq": 4}, headers=bob.headers)
    pages = [changes(bob, room, since=known["cursor"], limit=1)]
    while pages[-1]["more"]:
        pages.append(changes(bob, room, since=pages[-1]["cursor"], limit=1))
    told = [(each["seq"], each["content"]) for page in pages for each in page["messages"]]
    assert told == [(2, "one"), (4, ""), (6, "new")]
    assert [read for page in pages for read in page["reads"]] == [{"username": bob.username, "up_to_seq": 4}]
    last = changes(bob, room, since=pages[-1]["cursor"])
    assert (last["messages"], last["reads"], last["more"]) == ([], [], False)


@pytest.mark.parametrize("wrong", ["elsewhere.{room}.0.0", "{epoch}.{room}.99.0", "{epoch}.{room}.0.99"])
def test_a_cursor_of_another_database_is_told_so(alice: Person, bob: Person, wrong: str) -> None:
    room = alice.room_with(bob)
    epoch = changes(alice, room)["cursor"].split(".")[0]
    since = wrong.format(room=room, epoch=epoch)
    answer = alice.http.get(f"/api/chat/rooms/{room}/changes", params={"since": since}, headers=alice.headers)
    assert (answer.status_code, answer.json()["code"]) == (410, "resync_required")


def test_a_page_around_a_place(alice: Person, bob: Person) -> None:
    room = alice.room_with(bob)
    for number in range(1, 10):
        alice.post(room, f"{number}")
    assert [each["content"] for each in alice.history(room, around=5, limit=3)] == ["4", "5", "6"]
    answer = alice.http.get(
        f"/api/chat/rooms/{room}/messages/", params={"around": 5, "after": 1}, headers=alice.headers
    )
    assert (answer.status_code, set(answer.json()["errors"])) == (400, {"around"})


def test_ones_switches_are_ones_own(alice: Person, bob: Person) -> None:
    def me(person: Person) -> dict[str, Any]:
        body: dict[str, Any] = person.http.get("/api/chat/me/", headers=person.headers).json()
        return body

    assert me(alice) == {"username": alice.username, "hide_presence": False}
    answer = alice.http.patch("/api/chat/me/", json={"hide_presence": True}, headers=alice.headers)
    assert answer.json() == me(alice) == {"username": alice.username, "hide_presence": True}
    assert me(bob)["hide_presence"] is False
