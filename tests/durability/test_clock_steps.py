"""The clock on the wall is set while the server runs: order, cursors and logins do not depend on it."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.durability.doing import everything_is_here
from tests.rig.people import Person
from tests.rig.raw_socket import RawSocket, text
from tests.rig.server import RunningServer, running_server
from tests.rig.v1_client import V1Client
from tests.rig.wall_clock import HOUR, WallClock

pytestmark = pytest.mark.slow

STEPS = (0, HOUR, 0, -HOUR, 0)
# within each of them
SAID = 4
SHORT_LIVES = {"DUOLOGUE_ACCESS_TOKEN_SECONDS": "10"}
V1 = {"Sec-WebSocket-Protocol": "duologue.v1"}


@pytest.fixture
def clock(folder: Path) -> WallClock:
    """What the server takes for the time."""
    return WallClock(folder)


@pytest.fixture
def server(clock: WallClock, folder: Path, request: pytest.FixtureRequest) -> Iterator[RunningServer]:
    """A server that looks at that clock."""
    with running_server(folder, clock.env | getattr(request, "param", {})) as running:
        yield running


def refreshed(person: Person) -> str:
    """Renew somebody's token; return what it was answered with, if not with a token."""
    answer = person.http.post("/api/token/refresh/", json={"refresh": person.refresh_token})
    if answer.status_code != httpx.codes.OK:
        return str(answer.json()["code"])
    person.token = answer.json()["access"]
    return ""


def fast_by(timestamp: str) -> int:
    """Return by how many hours a clock was fast that wrote this."""
    return round((datetime.fromisoformat(timestamp) - datetime.now(UTC)).total_seconds() / HOUR)


async def _say_some(alice: Person, bob: Person, room: int, step: int, listener: V1Client) -> list[dict[str, Any]]:
    """Talk over REST and a socket, edit what was said before and just now, read; return what was said."""
    some = range(SAID // 2)
    said = [alice.post(room, f"{step} over REST {n}", client_id=f"rest-{step}-{n}").json() for n in some]
    async with V1Client(alice, room) as speaker:
        said += [await speaker.say(f"{step} over a socket {n}", f"socket-{step}-{n}") for n in some]
        await speaker.edit(said[0]["id"], f"edited at {step}")
        if step:
            [before] = bob.history(room, after=SAID * (step - 1) + 1, limit=1)
            await speaker.edit(before["id"], f"edited at {step}")
    await listener.send({"type": "read", "room": room, "up_to_seq": 10**6})
    await everything_is_here(listener, room)
    return said


async def _talk_through_steps(clock: WallClock, alice: Person, bob: Person, room: int) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = []
    listener = V1Client(bob)
    for step, offset in enumerate(STEPS):
        clock.set(offset)
        assert [refreshed(person) for person in (alice, bob)] == ["", ""]
        # from the cursor that it got before the step
        await listener.connect()
        said += await _say_some(alice, bob, room, step, listener)
        await listener.close()
    assert listener.copies[room].resyncs == []
    return said


def test_what_is_said_keeps_its_order_whatever_the_clock_says(server: RunningServer, clock: WallClock) -> None:
    alice, bob, carol = (Person.arrive(server, name) for name in ("alice", "bob", "carol"))
    room, other = alice.room_with(bob), alice.room_with(carol)
    said = asyncio.run(_talk_through_steps(clock, alice, bob, room))

    history = bob.whole_history(room)
    assert [message["id"] for message in history] == [each["id"] for each in said]
    assert {each.get("seq", place) - place for place, each in enumerate(said, start=1)} == {0}
    # the steps were met, and a message keeps the time at which it was said
    assert [fast_by(message["timestamp"]) for message in history] == [
        offset // HOUR for offset in STEPS for _ in range(SAID)
    ]
    # nobody is told that words were changed before they were said
    edited = [message for message in history if "edited_at" in message]
    assert len(edited) == 2 * len(STEPS) - 1
    for message in edited:
        assert message["edited_at"] >= message["timestamp"]
    # the room in which something was said last comes first, although the other's clock was fast
    clock.set(HOUR)
    assert refreshed(alice) == ""
    assert alice.post(other, "in an hour").status_code == 201
    clock.set(0)
    assert refreshed(alice) == ""
    assert alice.post(room, "now").status_code == 201
    rooms = alice.http.get("/api/chat/rooms/", headers=alice.headers).json()
    assert [each["id"] for each in rooms] == [room, other]


def test_an_hour_forward_ends_tokens_and_no_login(server: RunningServer, clock: WallClock) -> None:
    alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
    room = alice.room_with(bob)
    with bob.socket(room, timeout=20) as socket:
        clock.set(HOUR)
        refused = alice.post(room, "late")
        assert (refused.status_code, refused.json()["code"]) == (401, "token_expired")
        assert socket.error() == "token_expired"
        assert socket.close_code() == 4401
    assert refreshed(alice) == ""
    assert alice.post(room, "Hi").status_code == 201


@pytest.mark.parametrize(("before", "after"), [(0, -HOUR), (HOUR, 0)], ids=["slow", "right again"])
def test_an_hour_back_ends_no_login(server: RunningServer, clock: WallClock, before: int, after: int) -> None:
    clock.set(before)
    alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
    room = alice.room_with(bob)
    clock.set(after)
    assert refreshed(alice) == ""
    assert alice.post(room, "Hi").status_code == 201
    alice.log_out()
    assert refreshed(alice) == "refresh_invalid"
    # nor does anybody wait to come in
    alice.log_in()
    assert alice.post(room, "Hi again").status_code == 201


@pytest.mark.parametrize("server", [SHORT_LIVES], indirect=True, ids=["short-lived"])
def test_an_hour_back_does_not_lengthen_a_tokens_life(server: RunningServer, clock: WallClock) -> None:
    alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
    room = alice.room_with(bob)
    with RawSocket.open(server.port, f"/ws/chat/{room}/", V1, timeout=40) as v1, bob.socket(room, timeout=40) as plain:
        v1.send(text({"type": "hello", "token": bob.token}))
        assert v1.json()["type"] == "ready"
        plain.send(text({"message": "Hi", "client_id": "hi"}))
        assert plain.json()["client_id"] == "hi"
        clock.set(-HOUR)
        kinds = []
        while (kind := (frame := v1.json())["type"]) != "error":
            kinds.append(kind)
        assert kinds[-1] == "token_expiring"
        assert (frame["code"], v1.close_code()) == ("token_expired", 4401)
        assert (plain.error(), plain.close_code()) == ("token_expired", 4401)
    # what chat knows by heart ends, too
    assert bob.post(room, "late").status_code == 401
    assert refreshed(bob) == ""
    assert bob.post(room, "in time").status_code == 201


FEW_GUESSES = {"DUOLOGUE_RATE_LOGIN_FAILED": "1/2s/key"}


@pytest.mark.parametrize("server", [FEW_GUESSES], indirect=True, ids=["few guesses"])
def test_an_hour_back_does_not_lengthen_the_wait_after_wrong_passwords(server: RunningServer, clock: WallClock) -> None:
    alice = Person.arrive(server, "alice")
    guess = {"username": alice.username, "password": "Wrong-Password-1"}
    assert alice.http.post("/api/login/", json=guess).status_code == 401
    clock.set(-HOUR)
    refused = alice.http.post("/api/login/", json=guess)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert int(refused.headers["retry-after"]) <= 2
    time.sleep(int(refused.headers["retry-after"]) + 0.05)
    alice.log_in()
