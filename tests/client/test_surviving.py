"""What a client survives without losing or doubling anything: restarts on both sides, cut wires, its own slowness."""

import asyncio
import itertools
import signal
from pathlib import Path

import pytest

from duologue.client import Client, ConnectionChanged, MessageReceived, Resynced, RoomOpened, SendRefused
from tests.client.company import WAIT_SECONDS, Ear, Wire, client_of
from tests.rig.people import Person
from tests.rig.server import RunningServer, running_server
from tests.serve.command import duologue

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.slow
async def test_a_restart_of_the_server_loses_and_doubles_nothing(
    fresh_server: RunningServer, how: signal.Signals
) -> None:
    alice, bob = Person.arrive(fresh_server, "alice"), Person.arrive(fresh_server, "bob")
    async with client_of(alice) as hers, client_of(bob) as his:
        room = (await hers.open_room(bob.username)).id
        ear = await Ear.at(his)
        sends = [asyncio.create_task(hers.send(room, str(number))) for number in range(200)]
        await ear.until(lambda: len(ear.texts()) >= 20)
        await asyncio.to_thread(fresh_server.stop, how)
        await asyncio.to_thread(fresh_server.start)
        receipts = await asyncio.gather(*sends)
        assert [receipt.seq for receipt in receipts] == list(range(1, 201))
        await ear.until(lambda: len(ear.texts()) == 200)
        assert ear.texts() == [str(number) for number in range(200)]
        assert len([event for event in ear.of(ConnectionChanged) if event.state == "live"]) == 2


async def test_a_wire_that_is_cut_in_the_midst_of_frames_loses_and_doubles_nothing(server: RunningServer) -> None:
    alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
    async with Wire(server.port).running() as wire, client_of(alice, wire.url) as hers, client_of(bob, wire.url) as his:
        room = (await hers.open_room(bob.username)).id
        ear = await Ear.at(his)
        wire.cut_after = [600, 1100, 1500, 2100, 1234]
        first = hers.send(room, "first")
        # every connection from here on breaks somewhere: in a handshake, between frames, within one
        sends = [asyncio.create_task(hers.send(room, str(number))) for number in range(40)]
        await first
        await asyncio.gather(*sends)
        await ear.until(lambda: len(ear.texts()) == 41)
        assert [event.message.seq for event in ear.of(MessageReceived)] == list(range(1, 42))
        assert wire.cut_after == []
        assert [text for text in ear.texts() if text != "first"] == [str(number) for number in range(40)]


async def test_a_client_goes_on_where_another_one_stopped(server: RunningServer) -> None:
    alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
    room = alice.room_with(bob)
    alice.post(room, "before")
    async with client_of(bob) as his:
        ear = await Ear.at(his)
        alice.post(room, "one")
        alice.post(room, "two")
        await ear.until(lambda: ear.texts() == ["one", "two"])
        await ear.stop()
        # "two" was told and not followed by a question for more: nobody knows whether it was dealt with
        cursors = his.cursors
    alice.post(room, "three")
    carol = Person.arrive(server, "carol")
    new_room = carol.room_with(bob)
    carol.post(new_room, "hello")
    async with client_of(bob, cursors=cursors) as his:
        ear = await Ear.at(his)
        await ear.until(lambda: {"three", "hello"} <= set(ear.texts()))
        assert [text for text in ear.texts() if text != "hello"] in (["two", "three"], ["three"])
        assert [event.room.id for event in ear.of(RoomOpened)] == [new_room]


async def test_what_was_not_sent_is_sent_by_the_next_client_under_the_same_id(server: RunningServer) -> None:
    alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
    room = alice.room_with(bob)
    # nobody listens at this port: the message stays in the outbox
    async with Client("http://127.0.0.1:9", username=alice.username, password=alice.password) as away:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(away.send(room, "late", client_id="kept"), 0.2)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(away.send(10**15, "nowhere", client_id="lost"), 0.2)
        unsent = away.unsent
    async with client_of(alice, unsent=unsent) as client:
        ear = await Ear.at(client)
        await ear.until(lambda: bool(ear.of(SendRefused)))
        await ear.until(lambda: ear.texts() == ["late"])
        (refused,) = ear.of(SendRefused)
        assert (refused.room, refused.client_id, refused.text, refused.error.code) == (
            10**15, "lost", "nowhere", "not_found",
        )  # fmt: skip
        assert (await client.send(room, "late", client_id="kept")).duplicate
        assert client.unsent == b"[]"


async def test_an_allowance_is_waited_for(tmp_path: Path) -> None:
    allowance = {"DUOLOGUE_SENDS_PER_SECOND": "20", "DUOLOGUE_SENDS_BURST": "2"}
    with running_server(tmp_path, allowance) as server:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        async with client_of(alice) as client:
            room = (await client.open_room(bob.username)).id
            receipts = await asyncio.gather(*(client.send(room, str(number)) for number in range(12)))
        assert [receipt.seq for receipt in receipts] == list(range(1, 13))
        assert [message["content"] for message in bob.history(room)] == [str(number) for number in range(12)]


@pytest.mark.slow
@pytest.mark.parametrize("limit", [1, 7])
async def test_a_slow_reader_loses_nothing_and_keeps_little(tmp_path: Path, limit: int) -> None:
    narrow = {"DUOLOGUE_QUEUED_FRAMES": "16", "DUOLOGUE_QUEUED_BYTES": "65536"}
    with running_server(tmp_path, narrow) as server:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        async with client_of(alice) as hers, client_of(bob, event_limit=limit, cursors={}) as his:
            room = (await hers.open_room(bob.username)).id
            heard: list[int] = []
            events = his.events()
            await anext(events)
            await hers.send(room, "0")
            async for event in events:
                if isinstance(event, MessageReceived):
                    heard.append(event.message.seq)
                    break
            # far more than what the buffers of both kernels hold
            for start in range(0, 2000, 100):
                await asyncio.gather(*(hers.send(room, f"{start + n} " + "x" * 3900) for n in range(100)))
            assert len(his._inbox) <= 2 * limit + 300
            async with asyncio.timeout(60):
                async for event in events:
                    if isinstance(event, MessageReceived):
                        heard.append(event.message.seq)
                        if event.message.seq == 2001:
                            break
            assert heard == list(range(1, 2002))


async def test_who_answers_while_reading_is_not_blocked_by_what_is_not_read_yet(server: RunningServer) -> None:
    alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
    async with client_of(alice) as hers, client_of(bob, event_limit=5, cursors={}) as his:
        room = (await hers.open_room(bob.username)).id
        ear = await Ear.at(hers)

        async def echo() -> None:
            answered = itertools.count(1)
            async for event in his.events():
                if isinstance(event, MessageReceived) and not event.mine:
                    # all others arrive meanwhile, many times more than are kept
                    await his.send(room, f"re: {event.message.text}", client_id=f"re-{event.message.id}")
                    if next(answered) == 100:
                        return

        bot = asyncio.create_task(echo())
        await asyncio.gather(*(hers.send(room, str(number)) for number in range(100)))
        await asyncio.wait_for(bot, WAIT_SECONDS)
        await ear.until(lambda: len(ear.texts()) == 200)
        answers = [text for text in ear.texts() if text.startswith("re: ")]
        assert answers == [f"re: {number}" for number in range(100)]


@pytest.mark.slow
async def test_a_restored_backup_drops_what_was_heard_and_keeps_what_was_not_sent(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        async with client_of(alice) as hers, client_of(bob) as his:
            rooms = [
                (await hers.open_room(bob.username)).id,
                (await his.open_room(Person.arrive(server, "carol").username)).id,
            ]
            ear = await Ear.at(his)
            await hers.send(rooms[0], "before")
            await ear.until(lambda: ear.texts() == ["before"])
            await asyncio.to_thread(server.stop)
            done = await asyncio.to_thread(duologue, "new-epoch", data=server.data)
            assert done.returncode == 0, done.stderr
            waiting = asyncio.create_task(hers.send(rooms[0], "after"))
            await asyncio.to_thread(server.start)
            await asyncio.wait_for(waiting, WAIT_SECONDS)
            await ear.until(lambda: len(ear.of(Resynced)) == 2 and ear.of(ConnectionChanged)[-1].state == "live")
            # what came before the new place is in the history, what comes after it is heard
            history = [message.text async for page in his.history(rooms[0]) for message in page]
            assert history == ["before", "after"]
            await hers.send(rooms[0], "at last")
            await ear.until(lambda: "at last" in ear.texts())
            assert ear.texts() in (["before", "after", "at last"], ["before", "at last"])
            assert sorted(event.room for event in ear.of(Resynced)) == rooms
            assert 4410 in [event.close_code for event in ear.of(ConnectionChanged)]


async def test_a_server_that_is_away_is_waited_for(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        room = alice.room_with(bob)
        await asyncio.to_thread(server.stop)
        async with client_of(alice) as client:
            waiting = asyncio.create_task(client.send(room, "patience"))
            await asyncio.sleep(0.5)
            assert not waiting.done()
            await asyncio.to_thread(server.start)
            assert (await asyncio.wait_for(waiting, WAIT_SECONDS)).seq == 1
