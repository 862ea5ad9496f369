"""What a client saves for the next one: never "everything that was ever said" by accident, never too far."""

import pytest

from duologue.client import Client, ConnectionChanged, MessageReceived, RoomOpened
from tests.client.company import Ear, client_of
from tests.rig.people import Person

pytestmark = pytest.mark.anyio


async def heard_by_the_next(person: Person, cursors: dict[int, str] | None, last: str, room: int) -> list[str]:
    """Return what a client hears that goes on from cursors, up to the last words, which are said once it is live."""
    async with client_of(person, cursors=cursors) as client:
        ear = await Ear.at(client)
        await client.send(room, last)
        await ear.until(lambda: last in ear.texts())
        return ear.texts()


async def test_a_client_that_was_told_nothing_yet_has_no_cursors(alice: Person, bob: Person) -> None:
    room = alice.room_with(bob)
    bob.post(room, "an old message")
    async with client_of(alice) as client:
        assert client.cursors is None
        await client.username()
        saved = client.cursors
        assert saved is None
    assert await heard_by_the_next(alice, saved, "last", room) == ["last"]


async def test_a_client_that_only_sends_has_cursors_from_where_it_began(alice: Person, bob: Person) -> None:
    room = alice.room_with(bob)
    bob.post(room, "an old message")
    async with client_of(alice) as client:
        await client.send(room, "said")
        saved = client.cursors
    assert saved is not None
    assert list(saved) == [room]
    bob.post(room, "later")
    assert await heard_by_the_next(alice, saved, "last", room) == ["said", "later", "last"]


async def test_what_comes_before_the_first_event_was_dealt_with_is_told_to_the_next(alice: Person, bob: Person) -> None:
    room = alice.room_with(bob)
    bob.post(room, "an old message")
    async with client_of(alice) as client:
        events = client.events()
        # the reader stops at its first event, and is not asked for a second one
        assert await anext(events) == ConnectionChanged("connecting")
        await client.send(room, "said")
        saved = client.cursors
    assert await heard_by_the_next(alice, saved, "last", room) == ["said", "last"]


async def test_who_has_no_rooms_yet_hears_the_first_one_from_its_beginning(alice: Person, bob: Person) -> None:
    async with client_of(alice) as client:
        await Ear.at(client)
        saved = client.cursors
    assert saved == {}
    room = alice.room_with(bob)
    bob.post(room, "welcome")
    async with client_of(alice, cursors=saved) as client:
        ear = await Ear.at(client)
        await ear.until(lambda: bool(ear.of(MessageReceived)))
        assert [type(event) for event in ear.events if not isinstance(event, ConnectionChanged)][:2] == [
            RoomOpened,
            MessageReceived,
        ]


async def test_what_was_given_is_what_there_is_until_more_was_dealt_with() -> None:
    for given in ({}, {7: "3/e.7.3.0"}):
        async with Client("http://127.0.0.1:9", cursors=given) as client:
            assert client.cursors == given
