"""A socket outlives its token, and does not outlive its login."""

import asyncio
from pathlib import Path

import pytest

from duologue.client import Client, ConnectionChanged, LoginRequired
from tests.client.company import Ear, client_of
from tests.rig.people import Person
from tests.rig.server import running_server

pytestmark = pytest.mark.anyio


@pytest.mark.slow
async def test_a_socket_outlives_its_token(tmp_path: Path) -> None:
    # a short life; the server tells a minute before the end, so at once
    with running_server(tmp_path, {"DUOLOGUE_ACCESS_TOKEN_SECONDS": "12"}) as server:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        async with client_of(alice) as client:
            room = (await client.open_room(bob.username)).id
            ear = await Ear.at(client)
            # twice the life and a sweep of the server
            await asyncio.sleep(29)
            await client.send(room, "still the same socket")
            assert [event.state for event in ear.of(ConnectionChanged)] == ["connecting", "live"]


async def test_a_logout_elsewhere_ends_a_client_without_a_password(alice: Person, bob: Person) -> None:
    alice.log_in()
    async with Client(alice.server.url, refresh_token=alice.refresh_token) as client:
        assert await client.username() == alice.username
        ear = await Ear.at(client)
        alice.log_out()
        await ear.until(lambda: ear.error is not None)
        assert isinstance(ear.error, LoginRequired)
        with pytest.raises(LoginRequired):
            await client.send(1, "nobody")


async def test_a_logout_elsewhere_makes_a_client_with_a_password_log_in_again(alice: Person, bob: Person) -> None:
    async with client_of(alice) as client:
        room = (await client.open_room(bob.username)).id
        ear = await Ear.at(client)
        alice.refresh_token = client.refresh_token or ""
        alice.log_out()
        await ear.until(lambda: len([event for event in ear.of(ConnectionChanged) if event.state == "live"]) == 2)
        await client.send(room, "back again")
