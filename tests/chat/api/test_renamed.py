"""An id whose name has become another one is somebody else: after auth's data was replaced it may be."""

import pytest

from tests.chat.api.conftest import Trio
from tests.rig.people import Person, forge
from tests.rig.v1_client import V1Client

pytestmark = pytest.mark.anyio


async def test_the_socket_of_all_rooms_shows_nobody_the_rooms_of_their_ids_former_owner(trio: Trio) -> None:
    newcomer = V1Client(trio.alice)
    await newcomer.connect(token=forge(trio.alice, username="new.owner"))
    async with V1Client(trio.bob) as bob, V1Client(trio.alice) as alice:
        # neither the rooms that were there …
        assert sorted(alice.copies) == sorted([trio.room, trio.other])
        assert newcomer.copies == {}
        # … nor one that is opened later, nor what is said in any of them, nor who comes
        dave = Person.arrive(trio.alice.server, "dave")
        opened = dave.room_with(trio.alice)
        assert dave.post(opened, "Hi").status_code == 201
        await bob.say("between us", room=trio.room)
        await alice.until(opened, (1, 0))
        await alice.until(trio.room, (1, 0))
    refused = await newcomer.refused({"type": "message", "room": trio.room, "message": "Hi", "client_id": "theirs"})
    assert refused["code"] == "not_found"
    for kind in ("rooms", "message", "presence"):
        assert newcomer.passed(kind) == []
    assert len(trio.bob.history(trio.room)) == 1
    await newcomer.close()
