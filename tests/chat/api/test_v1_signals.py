"""What is never stored: who types, who is here; and the token that a socket lives by."""

import asyncio
import time

import pytest

from tests.chat.api.conftest import Trio
from tests.rig.people import forge
from tests.rig.raw_socket import text
from tests.rig.v1_client import V1Client

pytestmark = pytest.mark.anyio


def typing(state: str, **fields: object) -> dict[str, object]:
    return {"type": "typing", "state": state, **fields}


async def test_the_others_see_who_types_and_nobody_else(trio: Trio) -> None:
    async with (
        V1Client(trio.alice) as alice, V1Client(trio.alice, trio.room) as alices_other, V1Client(trio.bob) as bob,
        V1Client(trio.carol) as carol,
    ):  # fmt: skip
        await alice.send(typing("start", room=trio.room))
        assert await bob.expect("typing") == {
            "type": "typing", "room": trio.room, "username": trio.alice.username, "state": "start",
            "expires_in_ms": 6000,
        }  # fmt: skip
        await alice.send(typing("stop", room=trio.room))
        assert (await bob.expect("typing"))["state"] == "stop"
        # a stop without a start is no news
        await alice.send(typing("stop", room=trio.room))
        for client in (alice, alices_other, carol, bob):
            await client.silence("typing", 0.2)


async def test_typing_ends_by_itself(trio: Trio) -> None:
    async with V1Client(trio.alice, trio.room) as alice, V1Client(trio.bob, trio.room) as bob:
        await alice.send(typing("start"))
        assert (await bob.expect("typing"))["state"] == "start"
        began = time.monotonic()
        assert (await bob.expect("typing"))["state"] == "stop"
        assert time.monotonic() - began > 4


async def test_plain_sockets_hear_messages_and_nothing_of_v1(trio: Trio) -> None:
    with trio.bob.socket(trio.room) as plain:
        async with V1Client(trio.alice, trio.room) as alice:
            await alice.send(typing("start"))
            ack = await alice.say("Hi")
            await alice.edit(ack["id"], "Hello")
            await alice.delete(ack["id"])
            await alice.send({"type": "read", "up_to_seq": 1})
            await alice.say("Bye")
        heard = [await asyncio.to_thread(plain.json) for _ in range(2)]
        assert [(frame["type"], frame["message"], frame["seq"]) for frame in heard] == [
            ("message", "Hi", 1),
            ("message", "Bye", 2),
        ]
        assert all("cursor" not in frame for frame in heard)
        # what a plain socket says reaches v1 ones with a cursor
        async with V1Client(trio.alice, trio.room) as alice:
            plain.send(text({"message": "from plain"}))
            assert (await alice.expect("message"))["seq"] == 3


@pytest.mark.slow
async def test_presence_is_told_to_those_who_share_a_room(trio: Trio) -> None:
    async with V1Client(trio.alice) as alice, V1Client(trio.carol) as carol:
        bob, again = V1Client(trio.bob), V1Client(trio.bob)
        await bob.connect()
        online = {"type": "presence", "username": trio.bob.username, "online": True}
        assert await alice.expect("presence", username=trio.bob.username) == online
        state = bob.passed("rooms")[0]["rooms"][0]
        assert sorted(state["online"]) == sorted([trio.alice.username, trio.bob.username])
        # another device, and a short absence, are no news
        await again.connect()
        await bob.close()
        await again.close()
        await bob.connect()
        await alice.silence("presence", 5.5, username=trio.bob.username)
        await bob.close()
        assert not (await alice.expect("presence", username=trio.bob.username))["online"]
        assert [frame for frame in carol.passed("presence") if frame["username"] == trio.bob.username] == []


async def test_who_hides_is_not_seen_and_stays_hidden(trio: Trio) -> None:
    def hide(hidden: bool) -> None:
        answer = trio.bob.http.patch("/api/chat/me/", json={"hide_presence": hidden}, headers=trio.bob.headers)
        assert answer.json() == {"username": trio.bob.username, "hide_presence": hidden}

    hide(True)
    async with V1Client(trio.alice) as alice:
        async with V1Client(trio.bob):
            async with V1Client(trio.alice, trio.room) as late:
                assert late.ready["online"] == [trio.alice.username]
            hide(False)
            assert (await alice.expect("presence", username=trio.bob.username))["online"]
            hide(True)
            assert not (await alice.expect("presence", username=trio.bob.username))["online"]
        async with V1Client(trio.bob):
            await alice.silence("presence", 0.5, username=trio.bob.username)
        # hidden, and still he hears and says everything
        async with V1Client(trio.bob, trio.room) as bob:
            await bob.say("here")
            await bob.expect("message")
    assert trio.bob.http.get("/api/chat/me/", headers=trio.bob.headers).json()["hide_presence"]


async def test_a_token_that_ends_is_announced_and_a_fresh_one_keeps_the_socket(trio: Trio) -> None:
    short = forge(trio.alice, exp=int(time.time()) + 20)
    alice = V1Client(trio.alice, trio.room)
    await alice.connect(token=short)
    expiring = await alice.expect("token_expiring")
    assert expiring["expires_at"] == alice.ready["expires_at"]
    await alice.send({"type": "auth", "token": trio.alice.token})
    renewed = await alice.expect("auth")
    assert renewed["expires_at"] > expiring["expires_at"]
    await alice.say("still here")
    await alice.close()


async def test_a_token_that_ended_ends_the_socket(trio: Trio) -> None:
    alice = V1Client(trio.alice)
    await alice.connect(token=forge(trio.alice, exp=int(time.time()) + 2))
    assert await alice.closed() == 4401
    assert [error["code"] for error in alice.passed("error")] == ["token_expired"]
    # its cursors are good for the next one
    trio.bob.post(trio.room, "missed")
    async with V1Client(trio.alice, None, alice.copies) as again:
        await again.until(trio.room, (1, 0))


@pytest.mark.parametrize("whose", ["bob", "nobody", "expired"])
async def test_a_socket_keeps_to_its_person(trio: Trio, whose: str) -> None:
    token = {
        "bob": trio.bob.token,
        "nobody": "nonsense",
        "expired": forge(trio.alice, exp=int(time.time()) - 120, iat=int(time.time()) - 600),
    }[whose]
    alice = V1Client(trio.alice, trio.room)
    await alice.connect()
    await alice.send({"type": "auth", "token": token})
    await alice.send({"type": "message", "message": "after that", "client_id": "late"})
    assert await alice.closed() == 4401
    assert alice.passed("auth") == []
    assert trio.alice.history(trio.room) == []


async def test_what_is_said_around_a_fresh_token_keeps_its_order(trio: Trio) -> None:
    async with V1Client(trio.alice, trio.room) as alice:
        for n in range(20):
            await alice.send({"type": "message", "message": str(n), "client_id": f"order-{n}"})
            if n % 5 == 0:
                await alice.send({"type": "auth", "token": forge(trio.alice)})
        for n in range(20):
            assert (await alice.expect("ack"))["seq"] == n + 1
        assert [message["content"] for message in trio.alice.history(trio.room)] == [str(n) for n in range(20)]


async def test_signals_are_bounded(strict_trio: Trio) -> None:
    async with V1Client(strict_trio.alice, strict_trio.room) as alice:
        for _ in range(10):
            await alice.send(typing("start"))
        error = await alice.expect("error")
        assert (error["code"], error["about"], error["retryable"]) == ("rate_limited", "typing", True)
        # messages have an allowance of their own
        assert (await alice.say("Hi"))["seq"] == 1


def test_hiding_has_the_allowance_of_signals(strict_trio: Trio) -> None:
    alice = strict_trio.alice
    answers = [
        alice.http.patch("/api/chat/me/", json={"hide_presence": n % 2 == 0}, headers=alice.headers) for n in range(20)
    ]
    told = {(answer.status_code, answer.json().get("code")) for answer in answers}
    assert told == {(200, None), (429, "rate_limited")}
