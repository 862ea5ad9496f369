"""Two clients on a real server."""

import asyncio
import itertools

import msgspec
import pytest

from duologue.client import (
    ApiError,
    ClientClosed,
    ConnectionChanged,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    NotInRoom,
    Presence,
    ReadMoved,
    Receipt,
    RoomOpened,
    SendRefused,
    Typing,
)
from tests.client.company import WAIT_SECONDS, Ear, client_of
from tests.rig.people import Person

pytestmark = pytest.mark.anyio


async def test_two_people_converse(alice: Person, bob: Person) -> None:
    async with client_of(alice) as hers, client_of(bob) as his:
        her_ear, his_ear = await Ear.at(hers), await Ear.at(his)
        room = await hers.open_room(bob.username)
        await his_ear.until(lambda: his_ear.of(RoomOpened) == [RoomOpened(room)])
        first = await hers.send(room.id, "Hi")
        assert (first.seq, first.duplicate) == (1, False)
        await his.send(room.id, "Hello")
        await hers.edit(room.id, first.id, "Hi Bob")
        await his_ear.until(lambda: bool(his_ear.of(MessageEdited)))
        state = await his.mark_read(room.id, 1)
        assert (state.last_read_seq, state.unread) == (1, 0)
        await her_ear.until(lambda: ReadMoved(room.id, bob.username, 1) in her_ear.events)
        await hers.delete(room.id, first.id)
        await his_ear.until(lambda: bool(his_ear.of(MessageDeleted)))
        assert her_ear.texts() == his_ear.texts() == ["Hi", "Hello"]
        assert [event.mine for event in his_ear.of(MessageReceived)] == [False, True]
        assert [event.text for event in his_ear.of(MessageEdited)] == ["Hi Bob"]
        for client in (hers, his):
            known = client.conversations[room.id]
            assert [message.text for message in known.messages.values()] == ["", "Hello"]
            assert known.marks[bob.username] == 1
        assert not her_ear.error
        assert not his_ear.error


async def test_signals_pass_by(alice: Person, bob: Person) -> None:
    async with client_of(alice) as hers, client_of(bob) as his:
        room = await hers.open_room(bob.username)
        her_ear = await Ear.at(hers)
        his.typing(room.id)
        his_ear = await Ear.at(his)
        await her_ear.until(lambda: Presence(bob.username, True) in her_ear.events)
        his.typing(room.id)
        await her_ear.until(lambda: bool(her_ear.of(Typing)))
        his.typing(room.id, active=False)
        await her_ear.until(lambda: len(her_ear.of(Typing)) == 2)
        start, stop = her_ear.of(Typing)
        assert (start.username, start.active, stop.active) == (bob.username, True, False)
        assert start.expires_in > 0
        assert his_ear.error is None


async def test_who_hides_is_not_seen_to_come_or_go(alice: Person, bob: Person) -> None:
    room = alice.room_with(bob)
    async with client_of(alice) as hers:
        ear = await Ear.at(hers)

        def seen() -> list[bool]:
            return [event.online for event in ear.of(Presence) if event.username == bob.username]

        async with client_of(bob) as his:
            await his.send(room, "I am here")
            await ear.until(lambda: seen() == [True])
            await his.hide_presence()
            await ear.until(lambda: seen() == [True, False])
        # he has gone, and comes again
        async with client_of(bob) as his:
            await his.send(room, "I am here again")
            await ear.until(lambda: ear.texts() == ["I am here", "I am here again"])
            assert seen() == [True, False]
            await his.hide_presence(hidden=False)
            await ear.until(lambda: seen() == [True, False, True])


async def test_history_and_rooms_in_pages(alice: Person, bob: Person) -> None:
    async with client_of(alice) as client:
        room = await client.open_room(bob.username)
        for number in range(7):
            await client.send(room.id, str(number))
        back = [[message.seq for message in page] async for page in client.history(room.id, page=3)]
        assert back == [[5, 6, 7], [2, 3, 4], [1]]
        forth = [[message.seq for message in page] async for page in client.history(room.id, after=2, page=3)]
        assert forth == [[3, 4, 5], [6, 7]]
        before = [[message.seq for message in page] async for page in client.history(room.id, before=3)]
        assert before == [[1, 2]]
        await client.open_room(Person.arrive(alice.server, "carol").username)
        rooms = [each async for each in client.rooms(page=1)]
        assert {each.other(alice.username) for each in rooms} >= {bob.username}
        assert len(rooms) == 2
        first = await client.changes(room.id, limit=3)
        assert ([message.seq for message in first.messages], first.more) == ([1, 2, 3], True)
        assert [message.seq for message in (await client.changes(room.id, first.cursor)).messages] == [4, 5, 6, 7]


async def test_an_id_names_one_message_for_ever(alice: Person, bob: Person) -> None:
    async with client_of(alice) as client:
        room = (await client.open_room(bob.username)).id
        first = await client.send(room, "Hi", client_id="once")
        again = await client.send(room, "Hi", client_id="once")
        assert (again.id, again.duplicate) == (first.id, True)
        with pytest.raises(ApiError) as refused:
            await client.send(room, "other words", client_id="once")
        assert refused.value.code == "client_id_reused"
        together = await asyncio.gather(*(client.send(room, "Ho", client_id="twice") for _ in range(5)))
        assert len({receipt.id for receipt in together}) == 1


async def test_what_cannot_be_sent_is_refused_and_the_connection_lives(alice: Person, bob: Person) -> None:
    async with client_of(alice) as client, client_of(bob) as his:
        ear = await Ear.at(client)
        room = (await client.open_room(bob.username)).id
        for text, client_id in [
            ("", None),
            (" ", None),
            ("x" * 4001, None),
            ("\ud800", None),
            ("a", "b c"),
            ("\0", "a"),
        ]:
            with pytest.raises(ApiError) as refused:
                await client.send(room, text, client_id=client_id)
            assert refused.value.code == "validation_failed"
            assert refused.value.errors
        with pytest.raises(NotInRoom):
            await client.send(10**15, "nobody there")
        his_message = await his.send(room, "mine")
        with pytest.raises(ApiError) as refused:
            await client.edit(room, his_message.id, "yours")
        assert refused.value.code == "not_the_author"
        await client.send(room, "still here")
        assert [event.state for event in ear.of(ConnectionChanged)] == ["connecting", "live"]


@pytest.mark.parametrize("character", ["\U0001f600", "\x01", '"', "\u20ac"])
async def test_the_longest_text_fits_into_a_frame_whatever_its_characters_are(
    alice: Person, bob: Person, character: str
) -> None:
    async with client_of(alice) as client:
        room = (await client.open_room(bob.username)).id
        first = await client.send(room, "short")
        longest = client.limits.message_characters or 0
        assert longest == 4000
        await client.send(room, character * longest)
        await client.edit(room, first.id, character * longest)
        assert [message["content"] for message in bob.history(room)] == [character * longest] * 2


async def test_what_is_refused_before_it_is_sent_does_not_keep_back_what_is_behind_it(
    alice: Person, bob: Person
) -> None:
    async with client_of(alice) as client:
        room = (await client.open_room(bob.username)).id
        # nobody has told the limits yet: what is too long is found when the connection is ready
        sends = [asyncio.create_task(client.send(room, text)) for text in ("x" * 5000, "y" * 5000, "after")]
        first, second, after = await asyncio.wait_for(asyncio.gather(*sends, return_exceptions=True), WAIT_SECONDS)
        for refused in (first, second):
            assert isinstance(refused, ApiError)
            assert refused.code == "validation_failed"
        assert isinstance(after, Receipt)
        assert after.seq == 1
        assert client.unsent == b"[]"
        with pytest.raises(ApiError):
            await client.send(room, "x" * 5000)


async def test_what_was_kept_and_is_refused_does_not_keep_back_what_is_behind_it(alice: Person, bob: Person) -> None:
    room = alice.room_with(bob)
    kept = [{"kind": "message", "room": room, "client_id": text[:5], "text": text} for text in ("x" * 5000, "after")]
    async with client_of(alice, unsent=msgspec.json.encode(kept)) as client:
        ear = await Ear.at(client)
        await ear.until(lambda: ear.texts() == ["after"] and bool(ear.of(SendRefused)))
        assert [event.client_id for event in ear.of(SendRefused)] == ["xxxxx"]
        assert client.unsent == b"[]"


async def test_messages_of_a_room_keep_their_order_however_many_wait(alice: Person, bob: Person) -> None:
    async with client_of(alice) as client, client_of(bob) as his:
        rooms = [(await client.open_room(bob.username)).id]
        rooms.append((await client.open_room(Person.arrive(alice.server, "carol").username)).id)
        ear = await Ear.at(his)
        sends = [client.send(room, f"{number}") for number, room in itertools.product(range(50), rooms)]
        await asyncio.gather(*sends)
        await ear.until(lambda: len(ear.texts()) == 50)
        assert ear.texts() == [str(number) for number in range(50)]


async def test_a_client_that_is_closed_says_so(alice: Person, bob: Person) -> None:
    client = client_of(alice)
    room = (await client.open_room(bob.username)).id
    ear = await Ear.at(client)
    await client.close()
    await ear.stop()
    assert ear.error is None
    with pytest.raises(ClientClosed):
        await client.send(room, "too late")
    assert "closed" in repr(client)


async def test_no_token_in_any_log_or_address(alice: Person, bob: Person, caplog: pytest.LogCaptureFixture) -> None:
    # picows logs whole handshakes at a level of its own below DEBUG
    for name in ("picows", "picows.duologue", "httpx", "httpcore", "duologue", "asyncio"):
        caplog.set_level(1, name)
    async with client_of(alice) as client:
        room = (await client.open_room(bob.username)).id
        await client.send(room, "a secret text")
        refresh_token = client.refresh_token
    assert refresh_token
    assert "GET /ws/chat/ HTTP/1.1" in caplog.text
    # each part of a token, and whatever begins like one
    assert not [
        secret for secret in (*refresh_token.split("."), "eyJ", "Bearer", alice.password) if secret in caplog.text
    ]
