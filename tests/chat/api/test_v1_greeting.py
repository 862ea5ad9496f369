"""Coming in: with a token here or there, with cursors or without, and how one does not."""

import pytest
import websockets

from tests.chat.api.conftest import Trio
from tests.rig.people import Person, bearer
from tests.rig.v1_client import V1Client
from tests.rig.v1_state import RoomCopy, point

pytestmark = pytest.mark.anyio


async def test_ready_tells_where_one_stands(trio: Trio) -> None:
    trio.alice.post(trio.room, "before")
    trio.bob.http.post(f"/api/chat/rooms/{trio.room}/read/", json={"up_to_seq": 1}, headers=trio.bob.headers)
    async with V1Client(trio.alice, trio.room) as alice:
        ready = alice.ready
        assert alice.socket.subprotocol == "duologue.v1"
        assert ready["user"] == trio.alice.username
        assert (ready["room"], ready["head_seq"], ready["unread"], ready["syncing"]) == (trio.room, 1, 0, False)
        assert (ready["participant_a"], ready["participant_b"]) == (trio.alice.username, trio.bob.username)
        assert {"username": trio.bob.username, "up_to_seq": 1} in ready["reads"]
        assert ready["online"] == [trio.alice.username]
        assert set(ready["limits"]) == {
            "message_characters", "frame_bytes", "sends_per_second", "sends_burst", "signals_per_second",
            "signals_burst", "edit_seconds", "sockets_per_user",
        }  # fmt: skip
        assert ready["expires_at"].endswith("Z")
        assert point(ready["cursor"]) == (1, 1)


async def test_the_header_can_carry_the_token(trio: Trio) -> None:
    for subprotocol in (True, False):
        for hello in ({"type": "hello"}, {"type": "hello", "token": trio.alice.token}):
            client = V1Client(trio.alice, trio.room)
            await client.open(token=trio.alice.token, subprotocol=subprotocol)
            await client.send(hello)
            assert (await client.expect("ready"))["user"] == trio.alice.username
            await client.close()


async def test_a_hello_opts_in_without_the_subprotocol(trio: Trio) -> None:
    client = V1Client(trio.alice, trio.room)
    await client.open(subprotocol=False)
    assert client.socket.subprotocol is None
    await client.send(client.hello())
    await client.expect("ready")
    assert (await client.say("Hi"))["seq"] == 1
    await client.close()


async def test_the_header_and_the_hello_must_name_one_person(trio: Trio) -> None:
    client = V1Client(trio.alice, trio.room)
    await client.open(token=trio.bob.token, subprotocol=False)
    await client.send({"type": "hello", "token": trio.alice.token})
    assert await client.closed() == 4401
    assert [error["code"] for error in client.passed("error")] == ["token_invalid"]


@pytest.mark.parametrize("room", [True, False])
async def test_who_does_not_greet_is_sent_away(strict_trio: Trio, room: bool) -> None:
    client = V1Client(strict_trio.alice, strict_trio.room if room else None)
    await client.open(token=strict_trio.alice.token)
    assert await client.closed() == 4408
    assert [error["code"] for error in client.passed("error")] == ["auth_timeout"]


@pytest.mark.parametrize(
    ("first", "code", "close"),
    [
        ({"type": "hello"}, "token_missing", 4401),
        ({"type": "hello", "token": "nonsense"}, "token_invalid", 4401),
        ({"type": "hello", "token": ""}, "token_missing", 4401),
        ({"type": "hello", "token": 7}, "validation_failed", 1008),
        ({"type": "message", "message": "Hi", "client_id": "1"}, "validation_failed", 1008),
        # without a type it is taken for a greeting
        ({"message": "Hi"}, "token_missing", 4401),
        ("no json", "malformed_json", 1008),
        ("[]", "validation_failed", 1008),
    ],
)
@pytest.mark.parametrize("everywhere", [True, False])
async def test_a_bad_beginning_is_the_end(
    trio: Trio, first: dict[str, object] | str, code: str, close: int, everywhere: bool
) -> None:
    client = V1Client(trio.alice, None if everywhere else trio.room)
    await client.open()
    await client.send(first)
    assert await client.closed() == close
    assert [error["code"] for error in client.passed("error")] == [code]
    assert not client.copies


@pytest.mark.parametrize("everywhere", [True, False])
async def test_an_empty_cursor_is_none(trio: Trio, everywhere: bool) -> None:
    """Taken for no cursor at all, it would begin at the end of the room, and what was missed would never come."""
    client = V1Client(trio.alice, None if everywhere else trio.room)
    await client.open()
    where = {"rooms": {str(trio.room): ""}} if everywhere else {"since": ""}
    await client.send({"type": "hello", "token": trio.alice.token, **where})
    assert await client.closed() == 1008
    [error] = client.passed("error")
    assert (error["code"], list(error["errors"])) == (
        "validation_failed",
        [f"rooms.{trio.room}" if everywhere else "since"],
    )


async def test_a_room_of_others_and_no_room_look_the_same(trio: Trio) -> None:
    answers = []
    for room in (trio.other, 10**9):
        client = V1Client(trio.bob, room)
        await client.open()
        await client.send(client.hello())
        assert await client.closed() == 4403
        answers.append(client.passed("error"))
    assert answers[0] == answers[1]
    assert answers[0][0]["code"] == "not_found"


async def test_one_greets_once(trio: Trio) -> None:
    async with V1Client(trio.alice, trio.room) as alice:
        error = await alice.refused(alice.hello())
        assert (error["code"], error["about"]) == ("validation_failed", "hello")
        await alice.say("still here")


async def test_all_rooms_come_before_ready(trio: Trio) -> None:
    trio.carol.post(trio.other, "for alice")
    async with V1Client(trio.alice) as alice:
        assert "room" not in alice.ready
        [rooms] = alice.passed("rooms")
        assert sorted(state["room"] for state in rooms["rooms"]) == [trio.room, trio.other]
        assert {state["room"]: state["unread"] for state in rooms["rooms"]} == {trio.room: 0, trio.other: 1}
        assert all(copy.live for copy in alice.copies.values())


async def test_who_is_in_no_room_is_ready_too(trio: Trio) -> None:
    async with V1Client(Person.arrive(trio.alice.server)) as nobody:
        assert nobody.passed("rooms") == []
        assert nobody.copies == {}


async def test_a_new_room_appears_by_itself_on_both_sides(trio: Trio) -> None:
    dora = Person.arrive(trio.alice.server, "dora")
    async with V1Client(trio.alice) as alice, V1Client(dora) as doras, V1Client(trio.bob) as bob:
        room = dora.room_with(trio.alice)
        for client in (alice, doras):
            while room not in client.copies:
                await client.next()
            state = client.copies[room]
            assert (state.at, state.live) == ((0, 0), True)
        ack = await alice.say("Hi Dora", room=room)
        assert (await doras.expect("message", room=room))["id"] == ack["id"]
        # opened twice is there once
        assert trio.alice.room_with(dora) == room
        await bob.silence("message")
        assert room not in bob.copies


async def test_a_large_greeting_comes_in_several_frames(trio: Trio) -> None:
    async with V1Client(trio.alice) as before:
        await before.say("1", room=trio.room)
        await before.say("2", room=trio.other)
        await before.until(trio.room, (1, 0))
        await before.until(trio.other, (1, 0))
    trio.bob.post(trio.room, "missed")
    trio.carol.post(trio.other, "missed too")
    after = V1Client(trio.alice, None, before.copies)
    await after.open()
    cursors = after.hello()["rooms"]
    await after.send({"type": "hello", "more": True, "rooms": {str(trio.room): cursors[str(trio.room)]}})
    await after.send({"type": "hello", "token": trio.alice.token, "rooms": {str(trio.other): cursors[str(trio.other)]}})
    await after.expect("ready")
    for room in (trio.room, trio.other):
        copy = await after.until(room, (2, 0))
        assert copy.shown() == trio.alice.whole_history(room)
    await after.close()


async def test_too_many_sockets_are_refused_until_one_leaves(strict_trio: Trio) -> None:
    clients = [V1Client(strict_trio.alice, strict_trio.room if n % 2 else None) for n in range(3)]
    for client in clients:
        await client.connect()
    late = V1Client(strict_trio.alice)
    await late.open()
    await late.send(late.hello())
    assert await late.closed() == 4429
    assert [error["code"] for error in late.passed("error")] == ["too_many_sockets"]
    await clients[0].close()
    await late.connect()
    for client in (*clients[1:], late):
        await client.close()


async def test_a_token_in_the_address_is_refused(trio: Trio) -> None:
    address = f"{trio.alice.server.ws_url}/ws/chat/?token={trio.alice.token}"
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(address, proxy=None, additional_headers=bearer(trio.alice.token))
    assert refused.value.response.status_code == 400


async def test_without_a_cursor_one_is_live_from_now_on(trio: Trio) -> None:
    for n in range(3):
        trio.bob.post(trio.room, str(n))
    async with V1Client(trio.alice, trio.room) as alice:
        trio.bob.post(trio.room, "now")
        assert (await alice.expect("message"))["seq"] == 4
        copy: RoomCopy = alice.copies[trio.room]
        assert (copy.since, list(copy.messages)) == (3, [4])


async def test_with_a_bad_hello_the_plain_dialect_is_over_too(trio: Trio) -> None:
    """The token in the header had let it in: what follows an `error` must not be said in the room."""
    client = V1Client(trio.alice, trio.room)
    await client.open(token=trio.alice.token, subprotocol=False)
    await client.send({"type": "hello", "since": 5})
    await client.send({"message": "half a greeting"})
    assert await client.closed() == 1008
    assert [error["code"] for error in client.passed("error")] == ["validation_failed"]
    assert trio.bob.history(trio.room) == []


async def test_who_has_begun_to_greet_is_not_in_the_room_and_has_to_finish_in_time(strict_trio: Trio) -> None:
    client = V1Client(strict_trio.alice, strict_trio.room)
    await client.open(token=strict_trio.alice.token, subprotocol=False)
    await client.send({"type": "hello", "more": True})
    assert await client.closed() == 4408
    assert [error["code"] for error in client.passed("error")] == ["auth_timeout"]


async def test_a_greeting_in_two_frames_hears_no_plain_frame_in_between(trio: Trio) -> None:
    client = V1Client(trio.alice, trio.room)
    await client.open(token=trio.alice.token, subprotocol=False)
    await client.send({"type": "hello", "more": True})
    # the answer to this comes after the server has taken the frame before it
    pong = await client.socket.ping()
    await pong
    trio.bob.post(trio.room, "said meanwhile")
    await client.send({"type": "hello"})
    ready = await client.expect("ready")
    assert (ready["head_seq"], client.passed("message")) == (1, [])
    assert (await client.say("live"))["seq"] == 2
    await client.close()
