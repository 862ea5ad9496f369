"""People and drafts for tests of chat's own parts."""

import msgspec

from duologue.chat.model import Draft, Person, Room

NOON = 1_762_114_692_365_841
"""2025-11-02T20:18:12.365841Z in microseconds."""


class Known(msgspec.Struct, frozen=True):
    """Somebody as auth describes them."""

    user_id: str
    username: str


ALICE, BOB, EVE = Known("1", "alice"), Known("2", "bob"), Known("3", "eve")


def draft(room: Room, sender: Known, content: str = "hello", client_id: str | None = None) -> Draft:
    """Return a draft by a member of the room."""
    member = room.member(sender.user_id)
    assert member is not None
    return Draft(room, member, content, NOON, client_id)


def stranger(number: int = 99) -> Person:
    """Return somebody who is in no room."""
    return Person(number, f"stranger-{number}", f"stranger-{number}")
