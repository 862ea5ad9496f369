"""A client that reads more than it may: it waits as long as it is told to, or says so when that is too long."""

from pathlib import Path

import pytest

from duologue.client import ApiError
from tests.client.company import client_of
from tests.rig.people import Person
from tests.rig.server import running_server

pytestmark = pytest.mark.anyio


async def test_it_waits_and_goes_on(tmp_path: Path) -> None:
    limits = {"DUOLOGUE_READS_PER_SECOND": "2", "DUOLOGUE_READS_BURST": "3"}
    with running_server(tmp_path, limits) as server:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        room = alice.room_with(bob)
        alice.post(room, "said")
        async with client_of(alice) as client:
            read = [message.text for _ in range(6) async for page in client.history(room) for message in page]
    assert read == ["said"] * 6


async def test_it_does_not_wait_for_ever(tmp_path: Path) -> None:
    limits = {"DUOLOGUE_READS_PER_SECOND": "0.001", "DUOLOGUE_READS_BURST": "1"}
    with running_server(tmp_path, limits) as server:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        room = alice.room_with(bob)
        async with client_of(alice) as client:
            assert [page async for page in client.history(room)] == []
            with pytest.raises(ApiError, match="rate_limited") as refused:
                await anext(client.history(room))
    assert refused.value.retryable
    assert (refused.value.retry_after or 0) > 60
