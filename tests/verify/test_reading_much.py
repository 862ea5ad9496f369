"""A verifier that reads more than a person may: it waits and goes on, and does not repeat what it wanted done."""

from pathlib import Path

import pytest

from duologue.verify.address import address_of
from duologue.verify.people import Person
from tests.rig.server import running_server

pytestmark = pytest.mark.anyio


async def test_it_waits_and_goes_on(tmp_path: Path) -> None:
    limits = {"DUOLOGUE_READS_PER_SECOND": "2", "DUOLOGUE_READS_BURST": "1", "DUOLOGUE_ROOMS_BURST": "1"}
    with running_server(tmp_path, limits | {"DUOLOGUE_ROOMS_PER_MINUTE": "1"}) as server:
        one, other = Person(address_of(server.url)), Person(address_of(server.url))
        try:
            for person in (one, other):
                await person.arrive(print)
            reads = [(await one.ask("GET", "/api/chat/rooms/")).status_code for _ in range(3)]
            pair = {"participant_a": one.username, "participant_b": other.username}
            opened = [(await one.ask("POST", "/api/chat/rooms/", json=pair)).status_code for _ in range(2)]
        finally:
            for person in (one, other):
                await person.leave()
    assert reads == [200, 200, 200]
    assert opened == [201, 429]
