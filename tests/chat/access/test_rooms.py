"""The lookup is the permission check."""

import pytest

from duologue.chat.access import rooms
from duologue.chat.access.rooms import Rooms
from duologue.chat.errors import Problem
from duologue.chat.model import Person, Room
from duologue.contract.claims import AccessClaims
from tests.chat.delivery.stand_ins import ScriptedStore
from tests.chat.people import NOON

pytestmark = pytest.mark.anyio


class OneRoom(ScriptedStore):
    """Has room 7 of users 1 and 2, and counts who asks."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    async def room(self, room_id: int) -> Room | None:
        self.asked.append(room_id)
        made = Room(room_id, Person(1, "1", "alice"), Person(2, "2", "bob"), NOON)
        return made if room_id < 100 else None


def who(user_id: str, username: str | None = None) -> AccessClaims:
    name = username or {"1": "alice", "2": "bob"}.get(user_id, "eve")
    return AccessClaims(sub=user_id, username=name, sid="s", jti="j", exp=0, iat=0)


async def problem(known: Rooms, user_id: str, room_id: int) -> tuple[int, str, str]:
    with pytest.raises(Problem) as caught:
        await known.for_member(who(user_id), room_id)
    return caught.value.status, caught.value.code, caught.value.detail


async def test_a_member_gets_the_room_and_their_place_and_it_is_read_once() -> None:
    store = OneRoom()
    known = Rooms(store)
    room, me = await known.for_member(who("1"), 7)
    again, other = await known.for_member(who("2"), 7)
    assert (room.id, me.number, other.number) == (7, 1, 2)
    assert again is room
    assert store.asked == [7]


async def test_not_yours_and_not_there_are_the_same() -> None:
    known = Rooms(OneRoom())
    answers = {await problem(known, "3", 7), await problem(known, "1", 100), await problem(known, "3", 100)}
    assert [answer[:2] for answer in answers] == [(404, "not_found")]


@pytest.mark.parametrize("room_id", [0, -1, 2**63])
async def test_an_impossible_id_is_not_looked_up(room_id: int) -> None:
    store = OneRoom()
    await problem(Rooms(store), "1", room_id)
    assert store.asked == []


async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "_KEPT", 2)
    store = OneRoom()
    known = Rooms(store)
    for room_id in (1, 2, 3, 3, 1):
        await known.for_member(who("1"), room_id)
    assert store.asked == [1, 2, 3, 1]


async def test_another_name_under_a_members_id_is_somebody_else() -> None:
    with pytest.raises(Problem, match="not_found"):
        await Rooms(OneRoom()).for_member(who("1", "bob"), 7)
