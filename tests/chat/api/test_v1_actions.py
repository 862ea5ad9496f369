"""What a person does on a v1 socket is what REST does, and everybody in the room hears of it either way."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.chat.api.conftest import Trio
from tests.rig.people import Person
from tests.rig.raw_socket import text
from tests.rig.v1_client import V1Client

pytestmark = pytest.mark.anyio


def over_rest(person: Person, method: str, path: str, body: object = None) -> httpx.Response:
    return person.http.request(method, f"/api/chat/rooms/{path}", json=body, headers=person.headers)


async def test_a_message_is_heard_by_all_and_acknowledged_to_one(trio: Trio) -> None:
    async with V1Client(trio.alice, trio.room) as alice, V1Client(trio.bob) as bob, V1Client(trio.carol) as carol:
        ack = await alice.say("Hi", "id-1")
        assert set(ack) == {"type", "client_id", "room", "id", "seq", "timestamp", "duplicate"}
        assert (ack["room"], ack["seq"], ack["duplicate"]) == (trio.room, 1, False)
        heard = [await client.expect("message") for client in (alice, bob)]
        assert heard[0] == heard[1]
        assert (heard[0]["id"], heard[0]["client_id"], heard[0]["message"]) == (ack["id"], "id-1", "Hi")
        await carol.silence("message", 0.2)
        await bob.silence("ack", 0.1)


@pytest.mark.parametrize("everywhere", [True, False])
async def test_a_repeated_send_is_acknowledged_and_heard_once(trio: Trio, everywhere: bool) -> None:
    async with V1Client(trio.alice, None if everywhere else trio.room) as alice, V1Client(trio.bob) as bob:
        first = await alice.say("Hi", "id-1", room=trio.room)
        again = await alice.say("Hi", "id-1", room=trio.room)
        assert again == first | {"duplicate": True}
        # over REST it is the same send
        rest = trio.alice.post(trio.room, "Hi", client_id="id-1")
        assert (rest.status_code, rest.json()["id"]) == (200, first["id"])
        other = {"type": "message", "room": trio.room, "message": "else", "client_id": "id-1"}
        error = await alice.refused(other)
        assert (error["code"], error["client_id"], error["room"], error["about"], error["retryable"]) == (
            "client_id_reused", "id-1", trio.room, "message", False,
        )  # fmt: skip
        await bob.expect("message")
        await bob.silence("message", 0.2)
        # after an edit and after the deletion it is still this one
        await alice.edit(first["id"], "Hello", room=trio.room)
        assert await alice.say("Hi", "id-1", room=trio.room) == again
        await alice.delete(first["id"], room=trio.room)
        assert await alice.say("Hi", "id-1", room=trio.room) == again
        assert [message["content"] for message in trio.alice.history(trio.room)] == [""]


@pytest.mark.parametrize("how", ["socket", "rest"])
async def test_edits_and_deletions_are_the_same_on_both_paths(trio: Trio, how: str) -> None:
    async with V1Client(trio.alice, trio.room) as alice, V1Client(trio.bob) as bob:
        first = await alice.say("helo")
        path = f"{trio.room}/messages/{first['id']}/"
        if how == "socket":
            assert (await alice.edit(first["id"], "hello"))["duplicate"] is False
            assert (await alice.edit(first["id"], "hello"))["duplicate"] is True
        else:
            for _ in range(2):
                answer = over_rest(trio.alice, "PATCH", path, {"content": "hello"})
                assert (answer.status_code, answer.json()["content"]) == (200, "hello")
        for client in (alice, bob):
            edited = await client.expect("edited")
            assert (edited["id"], edited["seq"], edited["message"]) == (first["id"], 1, "hello")
        if how == "socket":
            assert (await alice.delete(first["id"]))["duplicate"] is False
            assert (await alice.delete(first["id"]))["duplicate"] is True
        else:
            for _ in range(2):
                answer = over_rest(trio.alice, "DELETE", path)
                assert (answer.status_code, answer.json()["content"]) == (200, "")
        for client in (alice, bob):
            deleted = await client.expect("deleted")
            assert set(deleted) == {"type", "room", "id", "seq", "sender_id", "username", "deleted_at", "cursor"}
            assert deleted["sender_id"] == deleted["username"] == trio.alice.username
            assert client.copies[trio.room].at == (1, 2)
            assert client.copies[trio.room].shown() == trio.bob.whole_history(trio.room)
            await client.silence("edited", 0.1)


@pytest.mark.parametrize("how", ["socket", "rest"])
async def test_a_read_mark_is_told_when_it_moves(trio: Trio, how: str) -> None:
    async with V1Client(trio.alice, trio.room) as alice, V1Client(trio.bob, trio.room) as bob:
        for n in range(3):
            await alice.say(str(n))
        await bob.until(trio.room, (3, 0))
        for seq in (2, 1, 2, 99):
            if how == "socket":
                await bob.send({"type": "read", "up_to_seq": float(seq)})
            else:
                assert over_rest(trio.bob, "POST", f"{trio.room}/read/", {"up_to_seq": seq}).status_code == 200
        for client in (alice, bob):
            marks = [await client.expect("read"), await client.expect("read")]
            assert [mark["up_to_seq"] for mark in marks] == [2, 3]
            assert {mark["username"] for mark in marks} == {trio.bob.username}
            await client.silence("read", 0.2)
        assert alice.copies[trio.room].shown() == trio.alice.whole_history(trio.room)
        assert all(message["is_read"] for message in alice.copies[trio.room].shown())


def refusals(mine: int, gone: int, others: int) -> list[tuple[dict[str, Any], str]]:
    edit, delete = {"type": "edit", "message": "new"}, {"type": "delete"}
    return [
        (edit | {"id": others}, "not_the_author"),
        (delete | {"id": others}, "not_the_author"),
        (edit | {"id": gone}, "message_deleted"),
        (edit | {"id": 10**17}, "not_found"),
        (delete | {"id": 0}, "not_found"),
        (edit | {"id": mine, "message": " "}, "validation_failed"),
        (edit | {"id": -1}, "validation_failed"),
        (edit | {"id": 1.5}, "validation_failed"),
        ({"type": "read", "up_to_seq": -1}, "validation_failed"),
    ]


async def test_who_may_not_is_told_why_and_nobody_hears_of_it(trio: Trio) -> None:
    others = trio.bob.post(trio.room, "bob's").json()["id"]
    mine, gone = (trio.alice.post(trio.room, word).json()["id"] for word in ("mine", "gone"))
    over_rest(trio.alice, "DELETE", f"{trio.room}/messages/{gone}/")
    before = trio.alice.history(trio.room)
    async with V1Client(trio.bob, trio.room) as bob:
        for number, (frame, code) in enumerate(refusals(mine, gone, others)):
            async with V1Client(trio.alice, trio.room) as alice:
                error = await alice.refused(frame | {"client_id": f"wrong-{number}"})
                assert (error["code"], error["client_id"], error["about"]) == (code, f"wrong-{number}", frame["type"])
        for kind in ("edited", "deleted", "read"):
            await bob.silence(kind, 0.1)
    assert trio.alice.history(trio.room) == before
    # over REST these are refused with the same words
    statuses = [
        over_rest(trio.alice, method, f"{trio.room}/messages/{message}/", {"content": "new"}).json()["code"]
        for method, message in (("PATCH", others), ("DELETE", others), ("PATCH", gone), ("PATCH", 10**17))
    ]
    assert statuses == ["not_the_author", "not_the_author", "message_deleted", "not_found"]


async def test_the_time_for_edits_ends(strict_trio: Trio) -> None:
    async with V1Client(strict_trio.alice, strict_trio.room) as alice:
        ack = await alice.say("mine")
        assert alice.ready["limits"]["edit_seconds"] == 1
        await alice.edit(ack["id"], "in time")
        await alice.silence("nothing", 1.2)
        for frame in ({"type": "edit", "message": "late"}, {"type": "delete"}):
            error = await alice.refused(frame | {"id": ack["id"]})
            assert (error["code"], error["retryable"]) == ("edit_too_late", False)


async def test_each_frame_names_its_room_where_there_are_several(trio: Trio) -> None:
    async with V1Client(trio.alice) as alice:
        for frame in (
            {"type": "message", "message": "Hi", "client_id": "1"},
            {"type": "typing", "state": "start"},
        ):
            error = await alice.refused(frame)
            assert (error["code"], list(error["errors"])) == ("validation_failed", ["room"])
        error = await alice.refused({"type": "message", "message": "Hi", "client_id": "2", "room": 10**12})
        assert (error["code"], error["client_id"], error["room"]) == ("not_found", "2", 10**12)
    # on the socket of one room it may be left out, and it must be that one
    async with V1Client(trio.alice, trio.room) as alice:
        await alice.say("Hi")
        await alice.say("Hi", room=trio.room)
        error = await alice.refused({"type": "message", "message": "Hi", "client_id": "3", "room": trio.other})
        assert error["code"] == "not_found"
    assert trio.alice.history(trio.other) == []


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        ({"type": "message", "message": "Hi"}, "client_id"),
        ({"type": "message", "message": "Hi", "client_id": ""}, "client_id"),
        ({"type": "message", "message": "Hi", "client_id": "x" * 65}, "client_id"),
        ({"type": "message", "message": "Hi", "client_id": 'quote"'}, "client_id"),
        ({"type": "message", "message": "Hi", "client_id": 7}, "client_id"),
        ({"type": "message", "client_id": "1"}, "message"),
        ({"type": "message", "message": "", "client_id": "1"}, "message"),
        ({"type": "message", "message": "x" * 4001, "client_id": "1"}, "message"),
        ({"type": "message", "message": "Hi", "client_id": "1", "room": "1"}, "room"),
        ({"type": "message", "message": "Hi", "client_id": "1", "room": -1}, "room"),
        ({"type": "message", "message": "Hi", "client_id": "1", "room": 1.5}, "room"),
        ({"type": "typing", "state": "maybe"}, "state"),
        ({"type": "typing"}, "state"),
        ({"type": "read"}, "up_to_seq"),
        ({"type": "read", "up_to_seq": "3"}, "up_to_seq"),
        ({"type": "delete"}, "id"),
        ({"type": "auth"}, "token"),
        ({"type": "unheard"}, "type"),
        ({}, "type"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_happens(trio: Trio, frame: dict[str, Any], field: str) -> None:
    async with V1Client(trio.alice, trio.room) as alice:
        error = await alice.refused(frame)
        assert (error["code"], list(error["errors"]), error["retryable"]) == ("validation_failed", [field], False)
        assert (await alice.say("Hi"))["seq"] == 1


async def test_five_mistakes_are_too_many(trio: Trio) -> None:
    async with V1Client(trio.alice, trio.room) as alice:
        for _ in range(5):
            await alice.send("no json")
        assert await alice.closed() == 1008
        assert [error["code"] for error in alice.passed("error")] == ["malformed_json"] * 5


async def test_nobody_speaks_for_somebody_else(trio: Trio) -> None:
    async with V1Client(trio.alice, trio.room) as alice:
        for field in ("username", "sender_id"):
            frame = {"type": "message", "message": "Hi", "client_id": field}
            error = await alice.refused(frame | {field: trio.bob.username})
            assert error["code"] == "sender_mismatch"
            await alice.say("mine", f"mine-{field}", **{field: trio.alice.username})


async def said_until_acknowledged(client: V1Client, client_id: str, wait_ms: int) -> dict[str, Any]:
    """Say something again, after the pause that the server asks for, until it is acknowledged."""
    while True:
        await asyncio.sleep(wait_ms / 1000)
        await client.send({"type": "message", "message": "Hi", "client_id": client_id})
        while (answer := await client.next()).get("client_id") != client_id or answer["type"] == "message":
            pass
        if answer["type"] == "ack":
            return answer
        wait_ms = answer["retry_after_ms"]


async def test_limits_are_told_and_kept(strict_trio: Trio) -> None:
    async with V1Client(strict_trio.alice, strict_trio.room) as alice:
        limits = alice.ready["limits"]
        assert limits == {
            "message_characters": 100, "frame_bytes": 4096, "sends_per_second": 5.0, "sends_burst": 20,
            "signals_per_second": 2.0, "signals_burst": 6, "edit_seconds": 1, "sockets_per_user": 3,
        }  # fmt: skip
        await alice.say("x" * limits["message_characters"], "long")
        too_long = {"type": "message", "message": "x" * 101, "client_id": "longer"}
        assert (await alice.refused(too_long))["code"] == "validation_failed"
        for n in range(limits["sends_burst"] + 1):
            await alice.send({"type": "message", "message": "Hi", "client_id": f"burst-{n}"})
        error = await alice.expect("error")
        assert (error["code"], error["retryable"], error["about"]) == ("rate_limited", True, "message")
        assert error["retry_after_ms"] > 0
        # sent again it is stored, once
        again = await said_until_acknowledged(alice, str(error["client_id"]), error["retry_after_ms"])
        assert not again["duplicate"]
        await alice.send({"type": "message", "message": "x" * 5000, "client_id": "frame"})
        assert await alice.closed() == 1009


@pytest.mark.parametrize(
    ("frame", "field", "about"),
    [
        ({"type": "message", "message": 5, "client_id": "id-1"}, "message", "message"),
        ({"type": "edit", "message": "x", "client_id": "id-1"}, "id", "edit"),
        ({"type": "shout", "client_id": "id-1"}, "type", None),
    ],
)
async def test_a_frame_that_is_none_is_refused_by_its_name(
    trio: Trio, frame: dict[str, Any], field: str, about: str | None
) -> None:
    async with V1Client(trio.alice, trio.room) as alice:
        error = await alice.refused(frame)
        assert (error["code"], list(error["errors"])) == ("validation_failed", [field])
        assert (error["client_id"], error.get("about")) == ("id-1", about)
        error = await alice.refused("{")
        assert (error["code"], error.get("client_id"), error.get("about")) == ("malformed_json", None, None)


@pytest.mark.parametrize("kind", ["edit", "delete", "read", "typing", "auth"])
def test_whoever_forgot_to_greet_says_no_message_by_mistake(trio: Trio, kind: str) -> None:
    with trio.alice.socket(trio.room) as plain:
        plain.send(text({"type": kind, "id": 1, "message": "new words", "up_to_seq": 1, "state": "start"}))
        assert plain.error() == "validation_failed"
        plain.send(text({"type": "message", "message": "Hi"}))
        assert plain.message() == "Hi"
    assert [message["content"] for message in trio.alice.history(trio.room)] == ["Hi"]
