"""The people of a small play: two in a room, one with a room elsewhere, one with none, and nobody."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from tests.rig.people import Person
from tests.rig.server import RunningServer

ROLES = ("anonymous", "stranger", "neighbour", "a", "b")


@dataclass(frozen=True)
class Cast:
    """Everybody, the room of `a` and `b`, and a message of `a` in it for each method that wants one."""

    server: RunningServer
    people: dict[str, Person | None]
    room: int
    messages: Mapping[str, int]

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


@pytest.fixture(scope="module")
def cast(server: RunningServer) -> Cast:
    a, b, stranger, neighbour, friend = (Person.arrive(server, name) for name in ("a.", "b.", "str", "nei", "fri"))
    neighbour.room_with(friend)
    people = {"anonymous": None, "stranger": stranger, "neighbour": neighbour, "a": a, "b": b}
    room = a.room_with(b)
    messages = {method: a.post(room, f"for {method}").json()["id"] for method in ("PATCH", "DELETE")}
    return Cast(server, people, room, messages)
