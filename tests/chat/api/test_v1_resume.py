"""Coming back with a cursor: nothing is missing, nothing comes twice, and no wrong cursor leads anywhere in silence."""

import pytest

from tests.chat.api.conftest import Trio
from tests.rig.people import Person
from tests.rig.raw_socket import CLOSE, RawSocket, close, text
from tests.rig.v1_client import V1Client
from tests.rig.v1_state import RoomCopy, point

pytestmark = pytest.mark.anyio


def sent(person: Person, room: int, *words: str) -> list[int]:
    return [person.post(room, each).json()["id"] for each in words]


def rewrite(person: Person, room: int, message: int, content: str | None) -> None:
    address = f"/api/chat/rooms/{room}/messages/{message}/"
    if content is None:
        answer = person.http.delete(address, headers=person.headers)
    else:
        answer = person.http.patch(address, json={"content": content}, headers=person.headers)
    assert answer.status_code == 200, answer.text


def mark(person: Person, room: int, seq: int) -> None:
    answer = person.http.post(f"/api/chat/rooms/{room}/read/", json={"up_to_seq": seq}, headers=person.headers)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("everywhere", [True, False])
async def test_what_was_missed_comes_once_and_then_the_room_is_live(trio: Trio, everywhere: bool) -> None:
    async with V1Client(trio.alice, None if everywhere else trio.room) as first:
        early = sent(trio.bob, trio.room, "1", "2", "3")
        await first.until(trio.room, (3, 0))
    rewrite(trio.bob, trio.room, early[0], "one")
    rewrite(trio.bob, trio.room, early[1], None)
    late = sent(trio.bob, trio.room, "4", "5")
    rewrite(trio.bob, trio.room, late[0], "four")
    mark(trio.bob, trio.room, 4)

    async with V1Client(trio.alice, first.room, first.copies) as second:
        copy = await second.until(trio.room, (5, 4))
        assert copy.shown() == trio.alice.whole_history(trio.room)
        assert copy.reads[trio.bob.username] == 4
        sync = await second.expect("sync")
        assert [message["seq"] for message in sync["messages"]] == [1, 2, 4, 5]
        sent(trio.bob, trio.room, "live")
        assert (await second.expect("message"))["seq"] == 6
        await second.silence("sync")
        assert copy.shown() == trio.alice.whole_history(trio.room)


async def test_the_newest_cursor_brings_nothing(trio: Trio) -> None:
    async with V1Client(trio.alice) as first:
        sent(trio.bob, trio.room, "1")
        await first.until(trio.room, (1, 0))
    async with V1Client(trio.alice, None, first.copies) as second:
        assert all(copy.live for copy in second.copies.values())
        await second.say("2", room=trio.room)
        await second.until(trio.room, (2, 0))
        assert second.passed("sync") == []


async def test_a_cursor_of_rest_is_as_good(trio: Trio) -> None:
    sent(trio.bob, trio.room, "1", "2")
    [listed] = [
        each
        for each in trio.alice.http.get("/api/chat/rooms/", headers=trio.alice.headers).json()
        if each["id"] == trio.room
    ]
    sent(trio.bob, trio.room, "3")
    copy = RoomCopy(trio.room)
    copy.cursor, copy.since = listed["cursor"], point(listed["cursor"])[0]
    async with V1Client(trio.alice, trio.room, {trio.room: copy}) as alice:
        await alice.until(trio.room, (3, 0))
        assert list(copy.messages) == [3]
    address = f"/api/chat/rooms/{trio.room}/changes"
    page = trio.alice.http.get(address, params={"since": copy.cursor or ""}, headers=trio.alice.headers).json()
    assert page == {"messages": [], "reads": [], "cursor": copy.cursor, "more": False}
    # and the other way round: from the beginning over REST, then live
    whole = trio.alice.http.get(address, headers=trio.alice.headers).json()
    assert [message["seq"] for message in whole["messages"]] == [1, 2, 3]
    assert whole["cursor"] == copy.cursor


async def test_cursors_of_other_peoples_rooms_are_passed_over(trio: Trio) -> None:
    async with V1Client(trio.alice) as alice:
        epoch = alice.copies[trio.room].cursor.split(".")[0]  # type: ignore[union-attr]  # it has begun
    sent(trio.alice, trio.other, "secret")
    bob = V1Client(trio.bob)
    await bob.connect(rooms={str(trio.other): f"{epoch}.{trio.other}.0.0", "999999999": f"{epoch}.999999999.0.0"})
    assert list(bob.copies) == [trio.room]
    sent(trio.alice, trio.other, "secret again")
    await bob.silence("message")
    await bob.close()


def wrong_cursors(epoch: str, room: int, other: int) -> dict[str, object]:
    return {
        "empty": "", "words": "from the beginning", "short": f"{epoch}.{room}.0", "long": f"{epoch}.{room}.0.0.0",
        "negative": f"{epoch}.{room}.-1.0", "negative change": f"{epoch}.{room}.0.-1", "zeros": f"{epoch}.{room}.00.0",
        "huge": f"{epoch}.{room}.{10**18}.0", "huge change": f"{epoch}.{room}.0.{10**30}",
        "another room": f"{epoch}.{other}.0.0", "no room": f"{epoch}.0.0.0", "float": f"{epoch}.{room}.1.5.0",
        "space": f" {epoch}.{room}.0.0", "line": f"{epoch}.{room}.0.0\n", "digits": f"{epoch}.{room}.\u0661.0",
        "a number": 7, "a list": [f"{epoch}.{room}.0.0"], "an object": {"seq": 0}, "a bool": True,
    }  # fmt: skip


async def test_what_is_no_cursor_is_refused_aloud(trio: Trio) -> None:
    sent(trio.bob, trio.room, "1")
    async with V1Client(trio.alice, trio.room) as alice:
        epoch = str(alice.copies[trio.room].cursor).split(".")[0]
    for name, wrong in wrong_cursors(epoch, trio.room, trio.other).items():
        if (name, wrong) == ("empty", ""):
            continue
        for everywhere in (False, True):
            client = V1Client(trio.alice, None if everywhere else trio.room)
            await client.open()
            cursors = {"rooms": {str(trio.room): wrong}} if everywhere else {"since": wrong}
            await client.send({"type": "hello", "token": trio.alice.token, **cursors})
            assert await client.closed() == 1008, name
            [error] = client.passed("error")
            assert error["code"] == "validation_failed", name
            assert client.ready == {}
            if isinstance(wrong, str):
                params = {"since": wrong}
                answer = trio.alice.http.get(
                    f"/api/chat/rooms/{trio.room}/changes", params=params, headers=trio.alice.headers
                )
                assert (answer.status_code, list(answer.json()["errors"])) == (400, ["since"]), name


@pytest.mark.parametrize("key", ["", "0", "-1", "01", "1.0", "x", "\u0661", "9" * 19])
async def test_what_is_no_room_among_the_cursors_is_refused(trio: Trio, key: str) -> None:
    client = V1Client(trio.alice)
    await client.open()
    await client.send({"type": "hello", "token": trio.alice.token, "rooms": {key: "e.1.0.0"}})
    assert await client.closed() == 1008


async def test_each_socket_takes_its_own_kind_of_cursors(trio: Trio) -> None:
    for room, cursors in ((trio.room, {"rooms": {}}), (None, {"since": f"e.{trio.room}.0.0"})):
        client = V1Client(trio.alice, room)
        await client.open()
        await client.send({"type": "hello", "token": trio.alice.token, **cursors})
        assert await client.closed() == 1008


@pytest.mark.parametrize("ahead", [(5, 0), (0, 1), (10**17, 10**17)])
async def test_a_cursor_that_is_ahead_asks_for_a_resync_and_then_is_live(trio: Trio, ahead: tuple[int, int]) -> None:
    sent(trio.bob, trio.room, "1")
    async with V1Client(trio.alice, trio.room) as before:
        copy = before.copies[trio.room]
        epoch = str(copy.cursor).split(".")[0]
    copy.cursor = f"{epoch}.{trio.room}.{1 + ahead[0]}.{ahead[1]}"
    for everywhere in (False, True):
        twin = RoomCopy(trio.room)
        twin.cursor = copy.cursor
        async with V1Client(trio.alice, None if everywhere else trio.room, {trio.room: twin}) as alice:
            assert twin.resyncs == ["cursor_ahead"]
            seq = twin.at[0]
            sent(trio.bob, trio.room, "next")
            assert (await alice.expect("message"))["seq"] == seq + 1
    answer = trio.alice.http.get(
        f"/api/chat/rooms/{trio.room}/changes", params={"since": copy.cursor}, headers=trio.alice.headers
    )
    assert (answer.status_code, answer.json()["code"]) == (410, "resync_required")


async def test_cursors_of_another_database_end_with_4410(trio: Trio) -> None:
    sent(trio.bob, trio.room, "1")
    for everywhere in (False, True):
        copies = {room: RoomCopy(room) for room in ((trio.room, trio.other) if everywhere else (trio.room,))}
        for room, copy in copies.items():
            copy.cursor = f"0ther.{room}.0.0"
        client = V1Client(trio.alice, None if everywhere else trio.room, copies)
        await client.open()
        await client.send(client.hello())
        assert await client.closed() == 4410
        assert [copy.resyncs for copy in copies.values()] == [["epoch_changed"]] * len(copies)
        assert client.passed("ready") == []
        # what it says then is a good cursor
        await client.connect()
        assert all(copy.live for copy in client.copies.values())
        await client.close()


async def test_one_foreign_cursor_among_good_ones_is_told_of_its_room_only(trio: Trio) -> None:
    async with V1Client(trio.alice) as first:
        pass
    first.copies[trio.room].cursor = f"0ther.{trio.room}.0.0"
    sent(trio.carol, trio.other, "missed")
    async with V1Client(trio.alice, None, first.copies) as second:
        await second.until(trio.other, (1, 0))
        assert second.copies[trio.room].resyncs == ["epoch_changed"]
        assert second.copies[trio.other].resyncs == []
        assert second.copies[trio.room].live


def test_the_end_with_4410_is_a_polite_one(trio: Trio) -> None:
    """The peer's answer to the close is read, and the connection ends then: not with a cut when time is up."""
    with RawSocket.open(trio.alice.server.port, f"/ws/chat/{trio.room}/") as raw:
        raw.send(text({"type": "hello", "token": trio.alice.token, "since": f"0ther.{trio.room}.0.0"}))
        while raw.receive().opcode != CLOSE:
            pass
        raw.send(close(4410))
        assert raw.tcp.recv(1) == b""
