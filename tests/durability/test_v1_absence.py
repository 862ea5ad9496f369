"""A long absence: pages, never silent truncation, and bounded memory."""

import asyncio
from pathlib import Path

import pytest

from tests.durability.doing import say_many
from tests.durability.start import TALKATIVE
from tests.kit.websocket.test_handshakes import memory
from tests.rig.people import Person
from tests.rig.server import RunningServer, running_server
from tests.rig.v1_client import V1Client
from tests.rig.v1_state import RoomCopy

pytestmark = pytest.mark.slow

MISSED, RETURNING = 10_000, 8
MEGABYTE = 1024 * 1024


async def _return(client: V1Client, room: int, missed: int) -> int:
    """Come back and read slowly; return how many pages it took."""
    await client.connect()
    pages = 0
    while not client.copies[room].live:
        frame = await client.next()
        pages += 1
        assert frame["type"] == "sync", frame
        assert sum(len(message["content"]) for message in frame["messages"]) <= 2 * 65_536
        await asyncio.sleep(0.005)
    assert client.copies[room].at[0] == missed
    return pages


async def _long_absence(server: RunningServer, alice: Person, bob: Person, room: int) -> tuple[list[int], int]:
    async with V1Client(bob, room) as before:
        cursor = before.copies[room].cursor
    async with V1Client(alice, room) as speaker:
        await say_many(speaker, MISSED, "x" * 500)
        await speaker.until(room, (MISSED, 0))
    clients = [V1Client(bob, room, {room: RoomCopy(room)}) for _ in range(RETURNING)]
    for client in clients:
        client.copies[room].cursor = cursor
    grown = memory(server)
    pages = await asyncio.gather(*(_return(client, room, MISSED) for client in clients))
    grown = memory(server) - grown
    shown = clients[0].copies[room].shown()
    assert shown == await asyncio.to_thread(bob.whole_history, room)
    assert all(client.copies[room].shown() == shown for client in clients)
    for client in clients:
        await client.close()
    return pages, grown


def test_ten_thousand_missed_messages_come_in_pages(folder: Path) -> None:
    with running_server(folder, TALKATIVE) as server:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        pages, grown = asyncio.run(_long_absence(server, alice, bob, alice.room_with(bob)))
        print(f"pages {sorted(set(pages))}, {grown / MEGABYTE:.0f} MB")
        assert min(pages) >= MISSED / 300
        # all of it is 8 times 7 MB; a few pages of each are what may wait
        assert grown < 24 * MEGABYTE
