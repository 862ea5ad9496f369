"""Who does not read costs little, is spared what may be left out, and loses nothing."""

import asyncio
import contextlib
import json
from pathlib import Path

import pytest

from tests.durability.doing import say_many
from tests.durability.start import TALKATIVE, failing
from tests.kit.websocket.test_handshakes import memory
from tests.rig.people import Person
from tests.rig.raw_socket import CLOSE, TEXT, RawSocket, text
from tests.rig.server import running_server
from tests.rig.v1_client import V1Client
from tests.rig.v1_state import RoomCopy

pytestmark = pytest.mark.slow

STALLED, SAID = 200, 110
MEGABYTE = 1024 * 1024
# the largest text: 32 kB as JSON, in `message` and in `content`
LARGE = "😀" * 3990


def greeted(person: Person, room: int, copy: RoomCopy) -> RawSocket:
    """Open a v1 socket that takes little, and read its `ready`."""
    raw = RawSocket.open(person.server.port, f"/ws/chat/{room}/", timeout=15, receive_buffer=4096)
    raw.send(text({"type": "hello", "token": person.token} | ({"since": copy.cursor} if copy.cursor else {})))
    copy.begin(json.loads(raw.receive().payload))
    return raw


def hear(raw: RawSocket, copy: RoomCopy, head: int) -> int | None:
    """Read until the head or the end; return the close code."""
    with contextlib.suppress(EOFError, ConnectionError):
        while copy.at[0] < head:
            got = raw.receive()
            if got.opcode == CLOSE:
                return got.close_code
            if got.opcode == TEXT and (frame := json.loads(got.payload))["type"] in ("message", "sync"):
                copy.take(frame)
        return None
    return 1006


def test_two_hundred_who_do_not_read_cost_little_and_lose_nothing(folder: Path) -> None:
    env = TALKATIVE | {"DUOLOGUE_QUEUED_BYTES": "65536"}
    with running_server(folder, env) as server, contextlib.ExitStack() as stack:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        room = alice.room_with(bob)
        copies = [RoomCopy(room) for _ in range(STALLED)]
        stalled = [stack.enter_context(greeted(bob, room, copy)) for copy in copies]
        before = memory(server)

        async def talk() -> None:
            async with V1Client(alice, room) as speaker:
                await say_many(speaker, SAID, LARGE, 10)

        asyncio.run(talk())
        grown = memory(server) - before
        ends = [hear(raw, copy, SAID) for raw, copy in zip(stalled, copies, strict=True)]
        print(f"{grown / MEGABYTE:.0f} MB, ended with {set(ends)}, at {sorted({copy.at[0] for copy in copies})}")
        assert 4429 in ends
        assert set(ends) <= {4429, 1006}
        # the frames that wait are the same for all
        assert grown < 160 * MEGABYTE
        whole = bob.whole_history(room)
        for copy in copies:
            copy.lost_connection()
            assert copy.at[0] < SAID
            with greeted(bob, room, copy) as again:
                assert hear(again, copy, SAID) is None
            assert copy.shown() == whole


def test_what_comes_in_a_burst_while_somebody_returns_does_not_close_them(folder: Path) -> None:
    """All of it was held, and would be more than may wait for a reader."""
    env, trap = failing(folder, "page waits")
    with running_server(folder, env) as server:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        room = alice.room_with(bob)
        copy = RoomCopy(room)
        greeted(bob, room, copy).tcp.close()
        assert alice.post(room, "missed").status_code == 201
        trap.arm()

        async def talk() -> None:
            async with V1Client(alice, room) as speaker:
                await say_many(speaker, 2 * SAID, LARGE, 10)

        with greeted(bob, room, copy) as returned:
            asyncio.run(talk())
            trap.disarm()
            assert hear(returned, copy, 2 * SAID + 1) is None
        assert copy.shown() == bob.whole_history(room)


def kinds_until(raw: RawSocket, copy: RoomCopy, kind: str, head: int) -> list[str]:
    """Read until a frame of a kind comes and all messages up to `head` have; return the kinds on the way."""
    kinds: list[str] = []
    while kind not in kinds or copy.at[0] < head:
        got = raw.receive()
        if got.opcode == TEXT:
            frame = json.loads(got.payload)
            kinds.append(frame["type"])
            if frame["type"] == "message":
                copy.take(frame)
    return kinds


async def _type_to_one_who_is_behind(alice: Person, bob: Person, room: int, slow: RawSocket, copy: RoomCopy) -> None:
    async with V1Client(alice, room) as speaker, V1Client(bob, room) as listener:
        await say_many(speaker, SAID, LARGE, 10)
        for state in ("start", "stop", "start"):
            await speaker.send({"type": "typing", "state": state})
            await listener.expect("typing", state=state)
        assert "typing" not in await asyncio.to_thread(kinds_until, slow, copy, "message", SAID)
        # it keeps up again: now it is told
        await speaker.send({"type": "typing", "state": "stop"})
        assert await asyncio.to_thread(kinds_until, slow, copy, "typing", SAID) == ["typing"]


def test_who_is_behind_is_spared_signals_and_gets_every_message(folder: Path) -> None:
    env = TALKATIVE | {"DUOLOGUE_QUEUED_BYTES": str(64 * MEGABYTE), "DUOLOGUE_QUEUED_FRAMES": "10000"}
    with running_server(folder, env) as server:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        room = alice.room_with(bob)
        copy = RoomCopy(room)
        with greeted(bob, room, copy) as slow:
            asyncio.run(_type_to_one_who_is_behind(alice, bob, room, slow, copy))


async def _leave_one_who_is_behind(alice: Person, bob: Person, room: int, slow: RawSocket) -> list[bool]:
    async with V1Client(bob, room) as listener:
        async with V1Client(alice, room) as speaker:
            await listener.expect("presence", username=alice.username, online=True)
            await say_many(speaker, SAID, LARGE, 10)
        await listener.expect("presence", wait=20, username=alice.username, online=False)
    return await asyncio.to_thread(presences_until_gone, slow)


def presences_until_gone(raw: RawSocket) -> list[bool]:
    """Read until somebody is told to be gone; return what was said of presence."""
    told: list[bool] = []
    while not told or told[-1]:
        got = raw.receive()
        if got.opcode == TEXT and (frame := json.loads(got.payload))["type"] == "presence":
            told.append(frame["online"])
    return told


def test_who_was_behind_when_somebody_left_is_told_of_it_afterwards(folder: Path) -> None:
    env = TALKATIVE | {"DUOLOGUE_QUEUED_BYTES": str(64 * MEGABYTE), "DUOLOGUE_QUEUED_FRAMES": "10000"}
    with running_server(folder, env) as server:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        room = alice.room_with(bob)
        with greeted(bob, room, RoomCopy(room)) as slow:
            assert asyncio.run(_leave_one_who_is_behind(alice, bob, room, slow)) == [True, False]
