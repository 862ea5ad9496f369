"""The people of a small play: two in a room, one with a room elsewhere, one with none, one put out, and nobody."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from tests.rig.people import Person
from tests.rig.server import RunningServer
from tests.security.administrator import Administrator

ROLES = ("anonymous", "stranger", "neighbour", "disabled", "a", "b")


@dataclass(frozen=True)
class Cast:
    """Everybody, the room of `a` and `b`, and a message of `a` in it for each method that wants one.

    `lost_room`: one of `a` and of who was disabled after it was opened.
    """

    server: RunningServer
    people: dict[str, Person | None]
    room: int
    messages: Mapping[str, int]
    lost_room: int

    def room_of(self, role: str) -> int:
        """Return the room that a role is tried on: that a disabled account is in its own must not help it."""
        return self.lost_room if role == "disabled" else self.room

    def headers(self, role: str) -> dict[str, str]:
        person = self.people[role]
        return person.headers if person else {}

    @property
    def a(self) -> Person:
        person = self.people["a"]
        assert person is not None
        return person

    @property
    def b(self) -> Person:
        person = self.people["b"]
        assert person is not None
        return person

    def said(self) -> list[str]:
        """Return every text of the room."""
        return [each["content"] for each in self.a.whole_history(self.room)]


@pytest.fixture(scope="session")
def administrator(server: RunningServer) -> Iterator[Administrator]:
    made = Administrator(server)
    yield made
    made.close()


@pytest.fixture(scope="module")
def cast(server: RunningServer, administrator: Administrator) -> Cast:
    names = ("a.", "b.", "str", "nei", "fri", "dis")
    a, b, stranger, neighbour, friend, disabled = (Person.arrive(server, name) for name in names)
    neighbour.room_with(friend)
    room, lost_room = a.room_with(b), disabled.room_with(a)
    disabled.post(lost_room, "while I could")
    _disable(administrator, disabled)
    people: dict[str, Person | None] = dict.fromkeys(ROLES)
    people |= {"stranger": stranger, "neighbour": neighbour, "disabled": disabled, "a": a, "b": b}
    messages = {method: a.post(room, f"for {method}").json()["id"] for method in ("PATCH", "DELETE")}
    return Cast(server, people, room, messages, lost_room)


def _disable(administrator: Administrator, person: Person) -> None:
    administrator.deactivate(person)
    # chat hears of it from auth, soon
    deadline = time.monotonic() + 5
    while person.http.get("/api/chat/me/", headers=person.headers).status_code != 401:
        assert time.monotonic() < deadline
        time.sleep(0.02)
